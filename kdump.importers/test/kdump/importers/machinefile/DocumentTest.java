// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How machine files are laid out, as YAML and as JSON, line by line. */
class DocumentTest {

    private static Document one(Object value) {
        return new Document().put("a", value);
    }

    /** A value of each kind, as a Java expression says it here. */
    private static Object value(String kind) {
        return switch (kind) {
            case "text" -> "word";
            case "empty text" -> "";
            case "number" -> 4096L;
            case "negative" -> -5L;
            case "hex" -> Document.hex(0xfed9_0000L);
            case "all ones" -> Document.hex(-1);
            case "flag" -> true;
            case "list" -> List.of(1L, 2L);
            case "empty list" -> List.of();
            case "members" -> new Document().put("x", 1L).put("y", "z");
            case "no members" -> new Document();
            case "list of members" -> List.of(new Document().put("x", 1L),
                    new Document().put("x", 2L));
            default -> throw new IllegalArgumentException(kind);
        };
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "text            | a: word\\n                      | {\"a\":\"word\"}",
        "empty text      | a: \\n                          | {\"a\":\"\"}",
        "number          | a: 4096\\n                      | {\"a\":4096}",
        "negative        | a: -5\\n                        | {\"a\":-5}",
        "hex             | a: 0xfed90000\\n                | {\"a\":\"0xfed90000\"}",
        "all ones        | a: 0xffffffffffffffff\\n        | {\"a\":\"0xffffffffffffffff\"}",
        "flag            | a: true\\n                      | {\"a\":true}",
        "list            | a: [1, 2]\\n                    | {\"a\":[1,2]}",
        "empty list      | a: []\\n                        | {\"a\":[]}",
        "members         | a: {x: 1, y: \"z\"}\\n          | {\"a\":{\"x\":1,\"y\":\"z\"}}",
        "no members      | a: {}\\n                        | {\"a\":{}}",
        "list of members | a:\\n  - {x: 1}\\n  - {x: 2}\\n | {\"a\":[{\"x\":1},{\"x\":2}]}"})
    void aValueIsPrinted(String kind, String yaml, String json) {
        // texts are quoted in YAML too: a word may look like a number
        String wanted = yaml.replace("\\n", "\n").replace("a: word", "a: \"word\"")
                .replace("a: \n", "a: \"\"\n");
        assertThat(one(value(kind)).yaml()).isEqualTo(wanted);
        assertThat(one(value(kind)).json()).isEqualTo(json + "\n");
    }

    @Test
    void membersComeInTheirOrder() {
        Document all = new Document().put("z", 1L).put("a", 2L).put("m", 3L);
        assertThat(all.yaml()).isEqualTo("z: 1\na: 2\nm: 3\n");
        assertThat(all.json()).isEqualTo("{\"z\":1,\"a\":2,\"m\":3}\n");
    }

    @Test
    void whatIsEmptyIsLeftOut() {
        Document all = new Document().putText("a", "").putText("b", "x").putList("c", List.of())
                .putList("d", List.of(1L)).putMembers("e", new Document())
                .putMembers("f", new Document().put("x", 1L));
        assertThat(all.json()).isEqualTo("{\"b\":\"x\",\"d\":[1],\"f\":{\"x\":1}}\n");
    }

    @Test
    void commentsStandBeforeTheirMemberInYamlAlone() {
        Document inner = new Document().put("x", 1L).comment("x", "of x");
        Document all = new Document().put("a", 1L).put("b", inner).comment("b", "first")
                .comment("b", "second").comment("gone", "of nobody");
        assertThat(all.yaml()).isEqualTo("a: 1\n# first\n# second\nb:\n  # of x\n  x: 1\n");
        assertThat(all.json()).isEqualTo("{\"a\":1,\"b\":{\"x\":1}}\n");
    }

    /** Lines have up to 98 columns; what is longer goes on below. */
    @ParameterizedTest(name = "{0} numbers")
    @CsvSource({"1, 1", "23, 1", "24, 25", "40, 41"})
    void aListThatIsTooLongHasALineForEach(int numbers, int lines) {
        // each number has two digits: with ", " they take four columns each
        List<Long> list = java.util.stream.LongStream.range(10, 10 + numbers).boxed().toList();
        String yaml = one(list).yaml();
        assertThat(yaml.lines()).hasSize(lines).allMatch(l -> l.length() <= 98);
        assertThat(yaml.startsWith("a: [")).isEqualTo(lines == 1);
    }

    @Test
    void membersThatAreTooLongStandBelowEachOther() {
        String long50 = "x".repeat(50);
        Document item = new Document().put("first", long50).put("second", long50);
        assertThat(one(item).yaml()).isEqualTo("a:\n  first: \"" + long50 + "\"\n  second: \""
                + long50 + "\"\n");
        assertThat(one(List.of(item, new Document().put("x", 1L))).yaml()).isEqualTo("a:\n"
                + "  - first: \"" + long50 + "\"\n    second: \"" + long50 + "\"\n  - {x: 1}\n");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "a\"b     | \"a\\\"b\"",
        "a\\b     | \"a\\\\b\"",
        "\u00e9   | \"\u00e9\"",
        "0x10     | \"0x10\"",
        "true     | \"true\"",
        "a: b # c | \"a: b # c\""})
    void aTextIsQuoted(String text, String quoted) {
        assertThat(one(text).json()).isEqualTo("{\"a\":" + quoted + "}\n");
        assertThat(one(text).yaml()).isEqualTo("a: " + quoted + "\n");
    }

    @Test
    void controlCharactersAreEscaped() {
        assertThat(one("a\nb\tc\u0001").json()).isEqualTo("{\"a\":\"a\\nb\\tc\\u0001\"}\n");
    }

    @Test
    void jsonIsJson() throws IOException {
        Document all = new Document();
        for (String kind : List.of("text", "number", "hex", "flag", "list", "members",
                "list of members", "empty list", "no members")) {
            all.put(kind, value(kind));
        }
        int tokens = 0;
        try (var parser = new JsonFactory().createParser(all.json())) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                tokens++;
            }
        }
        assertThat(tokens).isEqualTo(2 + 9 + 4 + 4 + 6 + 10 + 2 + 2);
    }
}
