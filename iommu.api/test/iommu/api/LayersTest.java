// SPDX-License-Identifier: Apache-2.0
package iommu.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** OSGi does not enforce layers inside a bundle: this does, over the sources. */
class LayersTest {

    private static final List<String> LAYERS =
            List.of("bits", "trace", "memory", "pcie", "unit", "machine", "kdump");
    private static final Set<String> ASIDE = Set.of("sim", "profile");
    private static final Pattern OTHER = Pattern.compile("\\biommu\\.api\\.([a-z]+)\\b");

    private static Path sources() {
        Path given = Path.of(System.getProperty("lab.root", ".."), "iommu.api", "src");
        return Files.isDirectory(given) ? given : Path.of("src");
    }

    /** Returns the packages each package names in code, its own aside. */
    private static Map<String, Set<String>> uses() throws IOException {
        Map<String, Set<String>> uses = new TreeMap<>();
        try (Stream<Path> files = Files.walk(sources())) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String own = file.getParent().getFileName().toString();
                Set<String> used = uses.computeIfAbsent(own, k -> new TreeSet<>());
                Files.readAllLines(file).stream().map(String::strip)
                        .filter(l -> !l.startsWith("*") && !l.startsWith("/*"))
                        .forEach(line -> {
                            Matcher m = OTHER.matcher(line);
                            while (m.find()) {
                                used.add(m.group(1));
                            }
                        });
                used.remove(own);
            }
        }
        return uses;
    }

    @Test
    void everyPackageHasItsPlace() throws IOException {
        assertThat(uses().keySet()).containsAll(LAYERS).containsAll(ASIDE)
                .hasSize(LAYERS.size() + ASIDE.size());
    }

    @Test
    void aLayerKnowsOnlyLowerOnesAndThoseAside() throws IOException {
        uses().forEach((own, used) -> {
            if (!ASIDE.contains(own)) {
                Set<String> allowed = new TreeSet<>(ASIDE);
                allowed.addAll(LAYERS.subList(0, LAYERS.indexOf(own)));
                assertThat(allowed).as("what " + own + " may use").containsAll(used);
            }
        });
    }

    @Test
    void thoseAsideKnowNobody() throws IOException {
        Map<String, Set<String>> uses = uses();
        ASIDE.forEach(own -> assertThat(uses.get(own)).as("what " + own + " uses").isEmpty());
    }

    @Test
    void everyPackageIsExportedWithAVersion() throws IOException {
        for (String name : uses().keySet()) {
            assertThat(sources().resolve("iommu/api/" + name + "/package-info.java"))
                    .content().contains("@Export", "@Version(");
        }
    }
}
