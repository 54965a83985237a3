// SPDX-License-Identifier: Apache-2.0
package iommu.legacy;

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

/** The packages of the bundles lie in layers; read from the sources, Javadoc included. */
class PackagesTest {

    private static final int MOST_FILES = 25;
    private static final Path SOURCES =
            Path.of(System.getProperty("lab.root", ".."), "iommu.legacy", "src");
    private static final Pattern NAME = Pattern.compile("\\biommu\\.legacy((?:\\.[a-z]+)*)\\.[A-Z]");

    /** Which packages of the room each of them names. */
    private static Map<String, Set<String>> names() throws IOException {
        var names = new TreeMap<String, Set<String>>();
        for (Path file : sources()) {
            String own = packageOf(file);
            var named = names.computeIfAbsent(own, k -> new TreeSet<>());
            // a package-info may point upwards: it says where to begin
            if (!file.endsWith("package-info.java")) {
                NAME.matcher(Files.readString(file)).results()
                        .map(m -> "iommu.legacy" + m.group(1))
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
        assertThat(left).hasSizeGreaterThan(4);
        while (left.values().removeIf(named -> named.stream().noneMatch(left::containsKey))) {
            // what names nothing that is left is a layer; the next one rests on it
        }
        assertThat(left).as("packages that name each other").isEmpty();
    }

    @Test
    void unitAndKernelDoNotNameEachOther() throws IOException {
        names().forEach((own, named) -> {
            if (own.contains(".unit")) {
                assertThat(named).as(own).noneMatch(p -> p.contains(".linux"));
            } else if (own.contains(".linux")) {
                assertThat(named).as(own).noneMatch(p -> p.contains(".unit"));
            }
        });
    }

    /** What one bundle has is no other's. */
    @Test
    void bundlesShareSettingsAlone() throws IOException {
        names().forEach((own, named) -> assertThat(named).as(own).allMatch(
                p -> p.equals("iommu.legacy.versions") || kind(p).equals(kind(own))));
    }

    private static String kind(String name) {
        return name.split("\\.")[2];
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
