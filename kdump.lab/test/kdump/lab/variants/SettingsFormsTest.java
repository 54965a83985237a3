// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values, names and limits of files of settings, case by case and beside maps. */
class SettingsFormsTest {

    private static final String LETTERS = "abcXYZ019 .-_~=:#!\\\"'{}[],\u00fc\u4e00\t\n";

    @TempDir
    Path folder;

    private Map<String, Map<String, List<String>>> read(String name, String text)
            throws LabException, IOException {
        return SettingsFile.read(Files.writeString(folder.resolve(name), text)).configurations();
    }

    private static String text(RandomStream random, int most) {
        var text = new StringBuilder();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return text.toString();
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                .replace("\t", "\\t") + '"';
    }

    // ---- names ----------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"a.cfg, true", "a.json, true", ".cfg, true", "a.b-c.json, true", "a~b.cfg, true",
        "a.CFG, false", "a.Json, false", "a.cfg~, false", "a.cfg.bak, false", "cfg, false",
        "json, false", "acfg, false", "a.json5, false", "'', false"})
    void aFileIsOneByTheEndOfItsName(String name, boolean isOne) {
        assertThat(SettingsFile.isOne(name)).isEqualTo(isOne);
    }

    @ParameterizedTest
    @CsvSource({"a.cfg, a", "a.b.C.cfg, a.b.C", "a.b~late.cfg, a.b~late", "a-late.json, a-late",
        "a.cfg.json, a.cfg", "a.json.cfg, a.json"})
    void thePidIsTheNameWithoutItsLastEnd(String name, String pid) throws Exception {
        assertThat(read(name, name.endsWith("json") ? "{\"k\": 1}" : "k=1"))
                .isEqualTo(Map.of(pid, Map.of("k", List.of("1"))));
    }

    // ---- values ---------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"\" | ``", "\"T6\" | T6", "5 | 5", "-5 | -5", "0 | 0", "1.50 | 1.50", "1e3 | 1e3",
        "true | true", "false | false", "\"a\\\"b\" | a\"b", "\"\\u0041\" | A",
        "99999999999999999999 | 99999999999999999999", "\"null\" | null", "\" x \" | ` x `"})
    void aValueOfAJsonIsItsText(String json, String value) throws Exception {
        assertThat(read("a.json", "{\"k\": " + json + "}"))
                .isEqualTo(Map.of("a", Map.of("k", List.of(value))));
        assertThat(read("a.json", "{\"k\": [" + json + "]}"))
                .isEqualTo(Map.of("a", Map.of("k", List.of(value))));
        assertThat(read("r.json", "{\"p\": {\"k:String\": " + json + "}}"))
                .isEqualTo(Map.of("p", Map.of("k", List.of(value))));
        assertThat(read("r.json", "{\"p\": {\"k\": [" + json + ", 7, " + json + "]}}"))
                .isEqualTo(Map.of("p", Map.of("k", List.of(value, "7", value))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "k=v | v", "k:v | v", "k v | v", "  k  =  v | v", "k= | ``", "k | ``", "k=a=b | a=b",
        "k=\\u0041 | A", "k=a\\\\b | a\\b", "k=v\\ | v", "k=1,2 | 1,2", "k=a\\tb | a\tb"})
    void aLineOfACfgIsAProperty(String line, String value) throws Exception {
        assertThat(read("a.cfg", line)).isEqualTo(Map.of("a", Map.of("k", List.of(value))));
        assertThat(read("a.cfg", "# k=1\n! k=2\n\nk=0\n" + line + "\n"))
                .isEqualTo(Map.of("a", Map.of("k", List.of(value))));
    }

    @Test
    void ofACfgTheSettingsComeByName() throws Exception {
        assertThat(read("a.cfg", "z=1\nb=2\nm=3\na=4\n").get("a").keySet())
                .containsExactly("a", "b", "m", "z");
    }

    @Test
    void ofAJsonTheyComeAsTheyStand() throws Exception {
        assertThat(read("a.json", "{\"z\": 1, \"b\": [], \"m\": 3}").get("a"))
                .containsExactly(Map.entry("z", List.of("1")), Map.entry("b", List.of()),
                        Map.entry("m", List.of("3")));
        assertThat(read("r.json", "{\"z\": {}, \"b\": {}, \"m\": {}}").keySet())
                .containsExactly("z", "b", "m");
    }

    // ---- what is the Configurator's -------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"1", "\"x\"", "[1, [2, {\"k\": 3}]]", "null", "true"})
    void whatIsTheConfiguratorsIsPassedOver(String value) throws Exception {
        assertThat(read("a.json", "{\":c:x\": " + value + ", \"k\": 1}"))
                .isEqualTo(Map.of("a", Map.of("k", List.of("1"))));
        assertThat(read("r.json", "{\":c:x\": " + value + ", \"p\": {\"k\": 1}}"))
                .isEqualTo(Map.of("p", Map.of("k", List.of("1"))));
    }

    @ParameterizedTest
    @CsvSource({"k, k", "k:Integer, k", "k:String[], k", "k:a:b, k", "k.x:Long, k.x"})
    void aTypeBehindTheNameIsLeftOut(String name, String setting) throws Exception {
        assertThat(read("r.json", "{\"p\": {\"" + name + "\": 1}}"))
                .isEqualTo(Map.of("p", Map.of(setting, List.of("1"))));
    }

    // ---- refusals -------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "1 | line 1: found value number int, expected an object",
        "true | line 1: found value true, expected an object",
        "\"x\" | line 1: found value string, expected an object",
        "~~[] | line 3: found start array, expected an object",
        "{'a':~null} | line 2: found value null, expected a text, number, true or false, or a list",
        "{'a':[~~null]} | line 3: found value null, expected a text, number, true or false",
        "{'a':[{}]} | line 1: found start object, expected a text, number, true or false",
        "{'p':{'a':[[]]}} | line 1: found start array, expected a text, number, true or false",
        "{}~1 | line 2: found value number int, expected the end",
        "{'p':{},'a':1} | objects and values beside each other, expected settings, or objects of "
                + "settings by PID"})
    void aRefusalIsToldWordByWord(String text, String message) {
        Path file = folder.resolve("a.json");
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> read("a.json",
                text.replace('\'', '"').replace('~', '\n'))).withMessage(file + ": " + message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.cfg", "a.json"})
    void aFileThatIsNotThereIsRefused(String name) {
        Path file = folder.resolve(name);
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> SettingsFile.read(file))
                .withMessageStartingWith(file + ": cannot be read: ")
                .withMessageContaining("NoSuchFile");
    }

    @ParameterizedTest
    @CsvSource({"a.cfg, 1048576, true", "a.cfg, 1048577, false", "a.json, 1048576, true",
        "a.json, 1048577, false"})
    void theLongestFileIsRead(String name, int bytes, boolean isRead) throws Exception {
        String text = name.endsWith("json") ? "{\"k\": 1}" : "k=1\n";
        String whole = text + "\n".repeat(bytes - text.length());
        if (isRead) {
            assertThat(read(name, whole)).isEqualTo(Map.of("a", Map.of("k", List.of("1"))));
        } else {
            assertThatExceptionOfType(LabException.class).isThrownBy(() -> read(name, whole))
                    .withMessage(folder.resolve(name) + ": longer than 1048576 bytes");
        }
    }

    // ---- beside maps ----------------------------------------------------------------------------

    @Seeds
    void aCfgIsTheMapThatWasStored(long seed) throws Exception {
        var random = new RandomStream(seed, "cfg");
        for (int i = 0; i < 10; i++) {
            var properties = new Properties();
            var model = new TreeMap<String, List<String>>();
            for (int n = random.nextInt(8); n > 0; n--) {
                String key = text(random, 6);
                String value = text(random, 12);
                properties.setProperty(key, value);
                model.put(key, List.of(value));
            }
            var out = new StringWriter();
            properties.store(out, "mine");
            assertThat(read("a.cfg", out.toString())).isEqualTo(Map.of("a", model));
        }
    }

    @Seeds
    void aJsonIsTheMapThatWasWritten(long seed) throws Exception {
        var random = new RandomStream(seed, "json");
        for (int i = 0; i < 10; i++) {
            var model = new LinkedHashMap<String, List<String>>();
            for (int n = random.nextInt(8); n > 0; n--) {
                var values = new ArrayList<String>();
                for (int v = random.nextInt(4); v > 0; v--) {
                    values.add(text(random, 12));
                }
                model.put("k" + text(random, 6), values);
            }
            var members = new ArrayList<String>();
            model.forEach((key, values) -> members.add(quoted(key) + ": " + (values.size() == 1
                    ? quoted(values.get(0)) : values.stream().map(SettingsFormsTest::quoted)
                            .toList().toString())));
            assertThat(read("a.json", "{" + String.join(",\n", members) + "}"))
                    .isEqualTo(Map.of("a", model));
        }
    }
}
