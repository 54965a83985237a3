// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The forms that files of settings have. */
class SettingsFileTest {

    @TempDir
    Path folder;

    private Map<String, Map<String, List<String>>> read(String name, String text)
            throws LabException, IOException {
        return SettingsFile.read(Files.writeString(folder.resolve(name), text)).configurations();
    }

    @Test
    void aCfgHasPropertiesOfThePidThatItIsNamedAfter() throws Exception {
        assertThat(read("a.b.C-late.cfg", "# mine\nphase = T6\nmillis: 5\n"))
                .isEqualTo(Map.of("a.b.C-late", Map.of("phase", List.of("T6"),
                        "millis", List.of("5"))));
        assertThat(read("a.cfg", "")).isEqualTo(Map.of("a", Map.of()));
    }

    @Test
    void aJsonNamedAfterAPidHasItsSettings() throws Exception {
        assertThat(read("a.b.C.json", "{\"phase\": \"T6\", \"millis\": 5, \"on\": true, // yes\n"
                + "\"many\": [\"x\", 2]}")).isEqualTo(Map.of("a.b.C", Map.of(
                        "phase", List.of("T6"), "millis", List.of("5"), "on", List.of("true"),
                        "many", List.of("x", "2"))));
        assertThat(read("a.json", "{}")).isEqualTo(Map.of("a", Map.of()));
    }

    @Test
    void aResourceOfTheConfiguratorHasSettingsByPid() throws Exception {
        assertThat(read("mine.json", """
                {":configurator:resource-version": 1,
                 ":configurator:symbolic-name": "mine",
                 "a.B": {"phase": "T6"},
                 "a~late": {":configurator:policy": "force", "millis:Integer": 7}}"""))
                .isEqualTo(Map.of("a.B", Map.of("phase", List.of("T6")),
                        "a~late", Map.of("millis", List.of("7"))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{ | line 1: Unexpected end-of-input: expected close marker for Object",
        "[] | line 1: found start array, expected an object",
        "'' | line 1: found the end, expected an object",
        "{}{} | found start object, expected the",
        "{'a':null} | found value null, expected a text",
        "{'a':[1,null]} | found value null, expected a text",
        "{'a':[[]]} | found start array, expected",
        "{'a':1,'b':{}} | objects and values beside each other",
        "{'a':1,'a':2} | Duplicate field",
        "{'a':{'b':{}}} | found start object, expected a text", "{'a' 1} | line 1: Unexpected",
        "nul | line 1: Unrecognized token"})
    void whatIsNeitherIsOneSentenceWithFileAndLine(String text, String message) {
        assertThatExceptionOfType(LabException.class).isThrownBy(
                () -> read("a.json", text.replace('\'', '"')))
                .withMessageContaining("a.json").withMessageContaining(message);
    }

    @Test
    void whatIsNoTextIsRefused() throws IOException {
        Path file = Files.write(folder.resolve("a.cfg"), new byte[] {'a', '=', (byte) 0xff});
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> SettingsFile.read(file))
                .withMessage(file + ": not a text in UTF-8");
        Path escape = Files.writeString(folder.resolve("b.cfg"), "a=\\u00zz");
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> SettingsFile.read(escape))
                .withMessageContaining("Malformed");
        Path endless = Files.write(folder.resolve("c.json"), new byte[(1 << 20) + 1]);
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> SettingsFile.read(endless))
                .withMessageEndingWith("longer than 1048576 bytes");
    }
}
