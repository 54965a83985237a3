// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.ObjectClassDefinition;

/** Which texts are values of which type, to the last digit, and what is said of others. */
class SettingReaderTest {

    /** Returns a declaration; of any metatype that does not validate texts of it. */
    private static AttributeDefinition declared(String id, int type, int cardinality,
            String... options) {
        return proxy(AttributeDefinition.class, (proxy, method, arguments) ->
                switch (method.getName()) {
                    case "getID" -> id;
                    case "getType" -> type;
                    case "getCardinality" -> cardinality;
                    case "getDefaultValue" -> null;
                    case "getOptionValues" -> options.length == 0 ? null : options;
                    case "validate" -> options.length == 0 ? null
                            : List.of(options).contains(arguments[0]) ? "" : "no option";
                    default -> throw new AssertionError(method);
                });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                handler));
    }

    private static SettingReader reader(AttributeDefinition... declared) {
        return new SettingReader("keep", proxy(ObjectClassDefinition.class,
                (proxy, method, arguments) -> declared));
    }

    private final SettingReader reader = reader(
            declared("count", AttributeDefinition.INTEGER, 0),
            declared("flag", AttributeDefinition.BOOLEAN, 0),
            declared("text", AttributeDefinition.STRING, 0),
            declared("long", AttributeDefinition.LONG, 0),
            declared("one", AttributeDefinition.STRING, 0, "a", "b", ""),
            declared("few", AttributeDefinition.STRING, 3),
            declared("list", AttributeDefinition.STRING, -3));

    private Object read(String name, String... values) throws LabException {
        Dictionary<String, Object> read = reader.read(Map.of(name, List.of(values)));
        assertThat(read.size()).isEqualTo(1);
        return read.get(name);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "-0, 0", "7, 7", "-7, -7", "007, 7", "999999999, 999999999",
        "-999999999, -999999999", "000000001, 1"})
    void wholeNumbersHaveUpToNineDigits(String text, int value) throws LabException {
        assertThat(read("count", text)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "--1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "1_000",
        "1000000000", "-1000000000", "2147483648", "one", "\u0663"})
    void anythingElseIsNoWholeNumber(String text) {
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> read("count", text))
                .withMessage("setting 'count' is '" + text
                        + "', expected a whole number, -999999999 to 999999999");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "True", "FALSE", "yes", "1", "0", " true", "true "})
    void onlyTwoTextsAreTruthValues(String text) throws LabException {
        assertThat(read("flag", "true")).isEqualTo(true);
        assertThat(read("flag", "false")).isEqualTo(false);
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> read("flag", text))
                .withMessage("setting 'flag' is '" + text + "', expected true or false");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", " a ", "true", "5", "a,b", "'"})
    void otherTypesStayTexts(String text) throws LabException {
        assertThat(read("text", text)).isEqualTo(text);
        assertThat(read("long", text)).isEqualTo(text);
        assertThat((String[]) read("few", text)).containsExactly(text);
    }

    @ParameterizedTest
    @CsvSource({"count, 1, 'a whole number, -999999999 to 999999999'", "flag, true, true or false",
        "text, x, one text", "long, 1, one text", "one, a, 'one of a, b, '"})
    void whereOneIsExpectedTwoAreTooMany(String name, String value, String expected) {
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> read(name, value, value))
                .withMessage("setting '" + name + "' is '" + value + "' and '" + value
                        + "', expected " + expected);
    }

    @Test
    void aListTakesAnyNumberInItsOrder() throws LabException {
        for (String name : List.of("few", "list")) {
            assertThat((String[]) read(name)).isEmpty();
            assertThat((String[]) read(name, "b", "a", "b", "c"))
                    .containsExactly("b", "a", "b", "c");
        }
    }

    @Test
    void anEmptyTextMayBeAnOption() throws LabException {
        assertThat(read("one", "")).isEqualTo("");
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> read("one", "c"))
                .withMessage("setting 'one' is 'c', expected one of a, b, ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Count", "counts", "policy.name"})
    void whatIsNotDeclaredIsToldWithWhatIs(String name) {
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> read(name, "1"))
                .withMessage("policy 'keep' has no setting '" + name
                        + "'; it has count, flag, text, long, one, few, list");
        assertThatExceptionOfType(LabException.class)
                .isThrownBy(() -> reader().read(Map.of(name, List.of("1"))))
                .withMessage("policy 'keep' has no setting '" + name + "'; it has ");
    }
}
