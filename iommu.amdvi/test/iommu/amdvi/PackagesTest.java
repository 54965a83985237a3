// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The packages of the bundle lie in layers; read from the sources, Javadoc included. */
class PackagesTest {

    private static final int MOST_FILES = 25;
    private static final Path SOURCES =
            Path.of(System.getProperty("lab.root", ".."), "iommu.amdvi", "src");
    private static final Pattern NAME = Pattern.compile("\\biommu\\.amdvi((?:\\.[a-z]+)*)\\.[A-Z]");

    /** Which packages of the bundle each of them names. */
    private static Map<String, Set<String>> names() throws IOException {
        var names = new TreeMap<String, Set<String>>();
        for (Path file : sources()) {
            String own = packageOf(file);
            var named = names.computeIfAbsent(own, k -> new TreeSet<>());
            // a package-info may point upwards: it says where to begin
            if (!file.endsWith("package-info.java")) {
                NAME.matcher(Files.readString(file)).results()
                        .map(m -> "iommu.amdvi" + m.group(1))
                        .filter(other -> !other.equals(own)).forEach(named::add);
            }
        }
        return names;
    }

    private static Iterable<Path> sources() throws IOException {
        try (Stream<Path> all = Files.walk(SOURCES)) {
            return all.filter(f -> f.toString().endsWith(".java")).toList();
        }
    }

    private static String packageOf(Path file) {
        return SOURCES.relativize(file.getParent()).toString().replace('/', '.');
    }

    @Test
    void formNoCircle() throws IOException {
        var left = names();
        assertThat(left).hasSizeGreaterThan(10);
        while (left.values().removeIf(named -> named.stream().noneMatch(left::containsKey))) {
            // what names nothing that is left is a layer; the next one rests on it
        }
        assertThat(left).as("packages that name each other").isEmpty();
    }

    @Test
    void unitAndKernelDoNotNameEachOther() throws IOException {
        names().forEach((own, named) -> {
            if (own.startsWith("iommu.amdvi.unit")) {
                assertThat(named).as(own).noneMatch(p -> p.startsWith("iommu.amdvi.linux"));
            } else if (own.startsWith("iommu.amdvi.linux")) {
                assertThat(named).as(own).noneMatch(p -> p.startsWith("iommu.amdvi.unit"));
            }
        });
    }

    @Test
    void areSmallAndSayWhatTheyAre() throws IOException {
        for (String own : names().keySet()) {
            Path folder = SOURCES.resolve(own.replace('.', '/'));
            assertThat(folder.resolve("package-info.java")).exists().content().contains("/**");
            assertThat(count(folder)).as(own).isLessThanOrEqualTo(MOST_FILES);
        }
    }

    private static long count(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
