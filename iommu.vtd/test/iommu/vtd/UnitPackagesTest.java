// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** How the packages of the unit lie on each other, by what their sources import. */
class UnitPackagesTest {

    private static final Path SOURCES = Path.of("src");
    private static final Path UNIT = SOURCES.resolve("iommu/vtd/unit");
    private static final Pattern IMPORT =
            Pattern.compile("(?m)^import (?:static )?(iommu\\.vtd\\.[a-z.]+)\\.[A-Z]");
    private static final Pattern QUALIFIED =
            Pattern.compile("(?m)^(?! *\\*|import|package).*\\biommu\\.vtd\\.(unit|linux)\\b");
    private static final int MOST_FILES = 25;

    /** From the ground up, as the package of the unit says; the unit itself comes last. */
    private static final List<String> ORDER = List.of("registers", "requests", "caches", "tables",
            "interrupts", "faults", "ats", "invalidation", "translation", "qemu", "explain");

    private static List<Path> sources(Path below) throws IOException {
        try (var all = Files.walk(below)) {
            return all.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }

    private static String packageOf(Path file) {
        return SOURCES.relativize(file.getParent()).toString().replace('/', '.');
    }

    /** Returns the packages of VT-d that each package below a folder imports. */
    private static Map<String, Set<String>> imports(Path below) throws IOException {
        var found = new TreeMap<String, Set<String>>();
        for (Path file : sources(below)) {
            var of = found.computeIfAbsent(packageOf(file), name -> new TreeSet<>());
            IMPORT.matcher(Files.readString(file)).results().map(m -> m.group(1))
                    .filter(name -> !name.equals(packageOf(file))).forEach(of::add);
        }
        return found;
    }

    /** Returns what is left of a graph after all that leads nowhere is taken away, in turn. */
    private static Map<String, Set<String>> circles(Map<String, Set<String>> graph) {
        var left = new TreeMap<>(graph);
        boolean shrinks = true;
        while (shrinks) {
            shrinks = left.values().removeIf(to -> to.stream().noneMatch(left::containsKey));
        }
        return left;
    }

    @Test
    void thePackagesFormNoCircle() throws IOException {
        assertThat(circles(imports(UNIT))).isEmpty();
        assertThat(circles(Map.of("a", Set.of("b"), "b", Set.of("a", "c"), "c", Set.of())))
                .containsOnlyKeys("a", "b");
    }

    @Test
    void eachKnowsOnlyThoseBeforeIt() throws IOException {
        var wrong = new ArrayList<String>();
        imports(UNIT).forEach((name, to) -> to.stream()
                .filter(one -> one.startsWith("iommu.vtd.unit") && place(one) >= place(name))
                .forEach(one -> wrong.add(name + " -> " + one)));
        assertThat(wrong).isEmpty();
    }

    private static int place(String name) {
        int at = ORDER.indexOf(name.substring(name.lastIndexOf('.') + 1));
        return at < 0 ? ORDER.size() : at;
    }

    @Test
    void unitAndKernelDoNotImportEachOther() throws IOException {
        assertThat(imports(UNIT).values()).allSatisfy(to -> assertThat(to)
                .noneMatch(name -> name.startsWith("iommu.vtd.linux")));
        assertThat(imports(SOURCES.resolve("iommu/vtd/linux")).values())
                .allSatisfy(to -> assertThat(to)
                        .noneMatch(name -> name.startsWith("iommu.vtd.unit")));
    }

    @Test
    void nothingIsNamedWithoutAnImport() throws IOException {
        for (Path file : sources(SOURCES)) {
            assertThat(QUALIFIED.matcher(Files.readString(file)).results().map(m -> m.group())
                    .toList()).as(file.toString()).isEmpty();
        }
    }

    @Test
    void eachIsSmallAndSaysWhatItIs() throws IOException {
        var files = sources(UNIT).stream().collect(Collectors.groupingBy(Path::getParent));
        assertThat(files).hasSizeGreaterThan(ORDER.size());
        assertThat(files.values()).allSatisfy(of -> {
            assertThat(of).hasSizeLessThanOrEqualTo(MOST_FILES);
            assertThat(of).anyMatch(file -> file.endsWith("package-info.java"));
        });
        assertThat(files.keySet().stream()
                .map(folder -> UNIT.relativize(folder).toString()).filter(n -> !n.isEmpty()))
                .containsExactlyInAnyOrderElementsOf(ORDER);
    }
}
