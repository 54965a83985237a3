// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a build must rebuild, must refuse, and must leave alone. */
class BuildTest {
    @TempDir
    Path directory;
    private TinyWorkspace workspace;

    @BeforeEach
    void makeWorkspace() throws Exception {
        workspace = new TinyWorkspace(directory).source("one", "A", "");
    }

    @Test
    void sourceRestoredWithItsOldTimeStampIsCompiledAgain() throws Exception {
        assertThat(workspace.run("build")).isZero();
        Path source = workspace.file("one/src/one/A.java");
        FileTime old = Files.getLastModifiedTime(source);
        String good = Files.readString(source);
        Files.writeString(source, "no Java");
        assertThat(workspace.run("build")).isEqualTo(1);
        assertThat(workspace.err).contains("one/src/one/A.java:1: error: ");
        Files.writeString(source, good);
        Files.setLastModifiedTime(source, old);
        assertThat(workspace.run("build")).isZero();
        assertThat(workspace.bundle("one")).contains("one/A.class");
    }

    @Test
    void changedCompilerOptionsCompileAgain() throws Exception {
        workspace.source("one", "A", "java.util.List raw;");
        assertThat(workspace.run("build")).isZero();
        workspace.property("javac.options", "-Xlint:all");
        assertThat(workspace.run("build")).isZero();
        assertThat(workspace.err).contains("A.java:2: warning: [rawtypes] found raw type");
    }

    @Test
    void changedDriverOrListOfBundlesCompilesAgain() throws Exception {
        workspace.run("build");
        for (String file : new String[] {"cnf/driver/Build.java", "cnf/pom.xml"}) {
            Path mark = workspace.file("one/bin/one/A.class");
            Files.setLastModifiedTime(mark, FileTime.fromMillis(0));
            workspace.write(file, "changed").run("build");
            assertThat(Files.getLastModifiedTime(mark)).as(file).isNotEqualTo(
                    FileTime.fromMillis(0));
        }
    }

    @Test
    void changedDependencyCompilesItsDependents() throws Exception {
        workspace.source("two", "B", "one.A a;").write("two/bnd.bnd", "-buildpath: one");
        assertThat(workspace.run("build")).isZero();
        workspace.source("one", "C", "");
        Files.delete(workspace.file("one/src/one/A.java"));
        assertThat(workspace.run("build")).isEqualTo(1);
        assertThat(workspace.err).contains("two/src/two/B.java:2: error: ");
    }

    @Test
    void buildWithoutChangesWritesNoBundle() throws Exception {
        workspace.run("build");
        Path jar = workspace.file("one/generated/one.jar");
        Files.setLastModifiedTime(jar, FileTime.fromMillis(0));
        assertThat(workspace.run("build")).isZero();
        assertThat(Files.getLastModifiedTime(jar)).isEqualTo(FileTime.fromMillis(0));
    }

    @Test
    void sameSourcesMakeTheSameBytes() throws Exception {
        workspace.run("build");
        byte[] first = Files.readAllBytes(workspace.file("one/generated/one.jar"));
        workspace.run("clean", "build");
        assertThat(workspace.file("one/generated/one.jar")).hasBinaryContent(first);
    }

    @Test
    void filesBesideTheSourcesReachTheBundleAndTheTests() throws Exception {
        workspace.write("one/src/one/words.txt", "a").write("one/test/one/more.txt", "b");
        assertThat(workspace.run("build")).isZero();
        assertThat(workspace.bundle("one")).contains("one/words.txt");
        assertThat(workspace.file("one/bin_test/one/more.txt")).hasContent("b");
    }

    @Test
    void emptyBundleWithSourcesIsAnError() throws Exception {
        workspace.write("one/bnd.bnd", "-privatepackage: misspelt");
        assertThat(workspace.run("build")).isEqualTo(1);
        assertThat(workspace.err).contains("one: error: The JAR is empty");
        assertThat(workspace.run("build")).as("again").isEqualTo(1);
    }

    @Test
    void exceptionIsOneLineAndTheOtherProjectsAreBuilt() throws Exception {
        workspace.source("two", "B", "").write("two/generated/main.inputs/in.the.way", "");
        assertThat(workspace.run("build")).isEqualTo(1);
        assertThat(workspace.err.lines().filter(l -> l.startsWith("two: "))).hasSize(1);
        assertThat(workspace.err).doesNotContain("\tat ");
        assertThat(workspace.bundle("one")).contains("one/A.class");
    }

    @Test
    void whatWasDeletedIsMadeAgain() throws Exception {
        assertThat(workspace.run("build")).isZero();
        for (String made : new String[] {"one/generated/one.jar", "one/bin"}) {
            aQute.lib.io.IO.deleteWithException(workspace.file(made).toFile());
            assertThat(workspace.run("build")).isZero();
            assertThat(workspace.bundle("one")).as(made).contains("one/A.class");
            assertThat(workspace.file("one/bin/one/A.class")).exists();
        }
    }

    @Test
    void unknownGoalIsOneLine() {
        assertThat(workspace.run("biuld")).isEqualTo(1);
        assertThat(workspace.err).contains("unknown goal biuld").doesNotContain("\tat ");
    }

    @Test
    void secondBuildWaitsForTheFirst() throws Exception {
        Path file = workspace.write("cnf/cache/lock", "").file("cnf/cache/lock");
        Process second;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            assertThat(held.isValid()).isTrue();
            second = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java")
                    .toString(), "-cp", System.getProperty("java.class.path"),
                    Build.class.getName(), "build").directory(directory.toFile())
                    .redirectErrorStream(true).redirectOutput(new File(directory.toFile(), "log"))
                    .start();
            while (!Files.readString(directory.resolve("log")).contains("waiting for it")) {
                assertThat(second.isAlive()).isTrue();
                Thread.sleep(20);
            }
            assertThat(workspace.file("one/bin")).doesNotExist();
        }
        assertThat(second.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(second.exitValue()).isZero();
        assertThat(workspace.bundle("one")).contains("one/A.class");
    }

    @Test
    void testCasesNameClassesThatHaveOnlyParameterizedTests() throws Exception {
        Path real = Path.of(System.getProperty("lab.root"), "kdump.lab.tests", "bnd.bnd");
        String header = Files.readString(real);
        header = header.substring(header.indexOf("Test-Cases"), header.indexOf("-buildpath"));
        workspace.withBundles().source("one", "ManyTest", "@org.junit.jupiter.params."
                + "ParameterizedTest @org.junit.jupiter.params.provider.ValueSource(ints = {1, 2})"
                + "void test(int i) { }").write("one/bnd.bnd", header + "-buildpath: ${-testpath}");
        assertThat(workspace.run("build")).isZero();
        try (JarFile jar = new JarFile(workspace.file("one/generated/one.jar").toFile())) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Test-Cases"))
                    .isEqualTo("one.ManyTest");
        }
    }
}
