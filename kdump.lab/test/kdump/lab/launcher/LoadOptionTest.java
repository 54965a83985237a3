// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code --load} takes, refuses, and leaves to the command. */
class LoadOptionTest {

    @TempDir
    Path directory;

    @BeforeEach
    void makeFiles() throws IOException {
        ProbeBundle.write(directory.resolve("a.jar"), "x");
        Path folder = Files.createDirectory(directory.resolve("folder"));
        ProbeBundle.write(folder.resolve("z.jar"), "x");
        ProbeBundle.write(folder.resolve("b c.jar"), "x");
        Files.writeString(folder.resolve("notes.txt"), "no jar");
        Files.writeString(folder.resolve(".draft.jar"), "no jar either");
        Files.createDirectory(directory.resolve("empty"));
        Files.writeString(directory.resolve("text.jar"), "no jar");
        ProbeBundle.write(directory.resolve("plain.jar"), "x", null);
    }

    private LoadOption parse(String... arguments) throws BadLoadException {
        return LoadOption.parse(arguments, directory);
    }

    @Test
    void itMayStandAnywhereAndTheCommandDoesNotSeeIt() throws BadLoadException {
        LoadOption load = parse("compare", "--load", "a.jar", "vtd1", "--load=folder", "--json");
        assertThat(load.arguments()).containsExactly("compare", "vtd1", "--json");
        assertThat(load.files()).containsExactly(directory.resolve("a.jar"),
                directory.resolve("folder/b c.jar"), directory.resolve("folder/z.jar"));
    }

    @Test
    void withoutItArgumentsStayAsTheyAre() throws BadLoadException {
        LoadOption load = parse("a b", "", "--loader", "-load", "x--load=y");
        assertThat(load.arguments()).containsExactly("a b", "", "--loader", "-load", "x--load=y");
        assertThat(load.files()).isEmpty();
    }

    @Test
    void whatFollowsTwoDashesBelongsToTheCommand() throws BadLoadException {
        LoadOption load = parse("qtest", "--load", "a.jar", "--", "--load", "no.jar");
        assertThat(load.arguments()).containsExactly("qtest", "--", "--load", "no.jar");
        assertThat(load.files()).hasSize(1);
    }

    @Test
    void aWholePathIsTakenAsItIs() throws BadLoadException {
        Path whole = directory.resolve("a.jar").toAbsolutePath();
        assertThat(LoadOption.parse(new String[] {"--load", whole.toString()}, Path.of("/none"))
                .files()).containsExactly(whole);
    }

    @ParameterizedTest
    @CsvSource({"none.jar, --load none.jar: no such file or folder",
        "empty, --load empty: a folder without a jar or settings",
        "text.jar, 'text.jar: no jar that can be read: '",
        "plain.jar, plain.jar: no bundle: its manifest has no Bundle-SymbolicName",
        "'', --load : no such file or folder"})
    void whatIsNoBundleIsNamed(String name, String said) {
        assertThatExceptionOfType(BadLoadException.class)
                .isThrownBy(() -> parse("policies", "--load", name)).withMessageContaining(said);
    }

    @Test
    void aNameThatIsNoPathIsNamedToo() {
        assertThatExceptionOfType(BadLoadException.class)
                .isThrownBy(() -> parse("--load=a\0b")).withMessageContaining("is no path");
    }

    @Test
    void theOptionNeedsAName() {
        assertThatExceptionOfType(BadLoadException.class)
                .isThrownBy(() -> parse("policies", "--load"))
                .withMessage("option --load is the last argument, expected the jar or folder that"
                        + " it names");
    }
}
