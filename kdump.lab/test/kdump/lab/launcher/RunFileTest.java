// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the build has written down for ./lab. */
class RunFileTest {

    @TempDir
    Path directory;

    private RunFile read(boolean interactive, String... lines) throws IOException {
        Path file = directory.resolve("lab.run");
        Files.writeString(file, "the class path\n" + String.join("\n", lines) + "\n");
        return RunFile.read(file, interactive, interactive, false);
    }

    @Test
    void bundlesKeepTheirOrderAndTheShellsComeLast() throws IOException {
        String[] lines = {"interactive /s1.jar", "bundle /a b.jar", "interactive /s2.jar",
            "bundle /c.jar"};
        assertThat(read(false, lines).bundles())
                .containsExactly(Path.of("/a b.jar"), Path.of("/c.jar"));
        assertThat(read(true, lines).bundles()).containsExactly(Path.of("/a b.jar"),
                Path.of("/c.jar"), Path.of("/s1.jar"), Path.of("/s2.jar"));
    }

    @Test
    void whatWatchesFoldersIsThereWhereSomebodyTypes() throws IOException {
        Path file = directory.resolve("lab.run");
        Files.writeString(file, "path\nwatching /w.jar\ninteractive /s.jar\n");
        assertThat(RunFile.read(file, true, false, false).bundles())
                .containsExactly(Path.of("/s.jar"));
        assertThat(RunFile.read(file, true, true, false).bundles())
                .containsExactly(Path.of("/s.jar"), Path.of("/w.jar"));
        assertThat(RunFile.read(file, false, false, false).bundles()).isEmpty();
    }

    @Test
    void filesAreNamedFromTheFolderOfTheFile() throws IOException {
        RunFile run = read(false, "bundle bundles/a.jar", "property gosh.home .");
        assertThat(run.bundles()).containsExactly(directory.resolve("bundles/a.jar"));
        assertThat(run.properties()).containsEntry("gosh.home", directory.toString());
    }

    @Test
    void whatMakesVariantsIsThereForTheShellAndForWhoAsksForThem() throws IOException {
        Path file = directory.resolve("lab.run");
        Files.writeString(file, "path\nvariant /v.jar\ninteractive /s.jar\nbundle /b.jar\n");
        assertThat(RunFile.read(file, false, false, false).bundles())
                .containsExactly(Path.of("/b.jar"));
        assertThat(RunFile.read(file, false, false, true).bundles())
                .containsExactly(Path.of("/b.jar"), Path.of("/v.jar"));
        assertThat(RunFile.read(file, true, true, false).bundles())
                .containsExactly(Path.of("/b.jar"), Path.of("/v.jar"), Path.of("/s.jar"));
    }

    @Test
    void propertiesAreTakenAsTheyAre() throws IOException {
        assertThat(read(false, "property a.b c d = e", "property x y").properties())
                .isEqualTo(Map.of("a.b", "c d = e", "x", "y"));
    }

    @Test
    void theFirstLineIsTheClassPathWhateverItSays() throws IOException {
        Path file = Files.writeString(directory.resolve("run"), "bundle /no.jar\n");
        assertThat(RunFile.read(file, true, true, false).bundles()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nonsense x", "Bundle /a.jar"})
    void aLineOfAnotherKindIsRefused(String line) {
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> read(false, line))
                .withMessageEndingWith("lab.run: unknown line: " + line);
    }

    @Test
    void aFileThatIsNotThereIsToldByName() {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> RunFile.read(directory.resolve("none"), false, false, false))
                .withMessageContaining("none");
    }
}
