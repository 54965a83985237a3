// SPDX-License-Identifier: Apache-2.0
package kdump.lab.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written, and what is left alone. */
class ProjectTest {

    private static final Path TEMPLATES =
            Path.of(System.getProperty("lab.root", ".."), "kdump.lab", "templates");

    @TempDir
    Path directory;

    private static byte[] jar(String name, String content) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().putValue("Manifest-Version", "1.0");
        if (name != null) {
            manifest.getMainAttributes().putValue("Bundle-SymbolicName", name);
            manifest.getMainAttributes().putValue("Bundle-Version", "1.2.3");
        }
        var bytes = new ByteArrayOutputStream();
        try (var jar = new JarOutputStream(bytes, manifest)) {
            jar.putNextEntry(new JarEntry("content"));
            jar.write(content.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static Map<String, byte[]> templates(String... folders) throws IOException {
        var all = new HashMap<String, byte[]>();
        for (String folder : folders) {
            Path root = TEMPLATES.resolve(folder);
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    all.put(root.relativize(file).toString(), Files.readAllBytes(file));
                }
            }
        }
        return all;
    }

    private static Project project(Kind kind) throws IOException {
        return new Project(kind, templates("common", kind.word()), List.of(
                Library.of(jar("iommu.api", "a")), Library.of(jar("iommu.testkit", "b"))));
    }

    @ParameterizedTest
    @EnumSource
    void everyWordIsReplacedAndThePomNamesTheJarsThatLieBesideIt(Kind kind) throws Exception {
        Path folder = directory.resolve("new/project");
        project(kind).write(folder, "project");
        String pom = Files.readString(folder.resolve("pom.xml"));
        assertThat(pom).contains("<artifactId>my-" + kind.word() + "</artifactId>")
                .doesNotContain("@");
        for (String name : List.of("iommu.api", "iommu.testkit")) {
            String version = pom.replaceFirst("(?s).*<artifactId>" + name
                    + "</artifactId>\\s*<version>([^<]*)<.*", "$1");
            assertThat(version).matches("1\\.2\\.3-[0-9a-f]{8}");
            Path at = folder.resolve("lib/kdump/lab/" + name + "/" + version);
            assertThat(at.resolve(name + "-" + version + ".jar")).exists();
            assertThat(at.resolve(name + "-" + version + ".pom")).content()
                    .contains("<version>" + version + "</version>", "<artifactId>" + name + "<");
        }
        assertThat(folder.resolve(".gitignore")).hasContent("target/");
        assertThat(folder.resolve("bnd.bnd")).content().startsWith("Bundle-Description: ");
        assertThat(folder.resolve("src/main/java/example/" + kind.word())).isDirectory();
        assertThat(folder.resolve("src/test/java/example/" + kind.word())).isDirectory();
    }

    @Test
    void anEmptyFolderWillDo() throws Exception {
        project(Kind.POLICY).write(directory, "here");
        assertThat(directory.resolve("pom.xml")).exists();
    }

    @Test
    void whatIsThereIsLeftAlone() throws Exception {
        Path file = Files.writeString(directory.resolve("mine"), "x");
        for (Path taken : List.of(directory, file)) {
            assertThatExceptionOfType(LabException.class)
                    .isThrownBy(() -> project(Kind.POLICY).write(taken, "there"))
                    .withMessage("there: is there already, and is no empty folder");
        }
        assertThat(directory).isDirectoryContaining(file::equals);
        try (Stream<Path> all = Files.list(directory)) {
            assertThat(all).hasSize(1);
        }
    }

    @Test
    void otherContentIsAnotherVersion() throws Exception {
        Library one = Library.of(jar("x", "1"));
        assertThat(one.name()).isEqualTo("x");
        assertThat(one.version()).isNotEqualTo(Library.of(jar("x", "2")).version());
    }

    @Test
    void aJarThatIsNoBundleIsRefused() {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> Library.of(jar(null, "x"))).withMessage("no bundle");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> Library.of(new byte[] {1, 2, 3}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Policy", "importer", "policy "})
    void anotherKindIsNone(String word) {
        assertThat(Kind.of(word)).isNull();
    }

    @Test
    void kindsAreFoundByTheirWord() {
        assertThat(Kind.words()).isEqualTo("policy, device, vendor");
        assertThat(Kind.of("policy")).isEqualTo(Kind.POLICY);
        assertThat(Kind.POLICY.project()).isEqualTo("my-policy");
    }
}
