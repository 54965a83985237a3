// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments taken apart as QEMU takes them: {@code model,name=value,flag,noflag}. */
class PropertiesTest {

    private static Properties device(String argument) {
        return new Properties("-device", argument);
    }

    private static void refused(String argument, String why, Reading reading) {
        assertThatThrownBy(() -> reading.of(device(argument))).isInstanceOf(LabException.class)
                .hasMessage("-device " + argument + ": " + why);
    }

    /** Reads something of properties. */
    private interface Reading {

        void of(Properties properties) throws LabException;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "edu                 | edu | -   | -",
        "edu,a=1             | edu | -   | 1",
        "edu,id=x,a=1        | edu | x   | 1",
        "edu,a=1,id=x        | edu | x   | 1",
        "edu,a               | edu | -   | on",
        "edu,noa             | edu | -   | off",
        "edu,a=              | edu | -   | ''",
        "edu,a=b=c           | edu | -   | b=c",
        "edu,a=1,a=2         | edu | -   | 2",
        "edu,noa=1           | edu | -   | -",
        "edu,nob             | edu | -   | -",
        ",a=1                | ''  | -   | 1"})
    void anArgumentIsAValueAnIdAndProperties(String argument, String value, String id, String a) {
        Properties properties = device(argument);
        assertThat(properties.value()).isEqualTo(value);
        assertThat(properties.id()).isEqualTo(id);
        assertThat(properties.text("a", null)).isEqualTo(a);
    }

    @Test
    void aListBeginsWithAProperty() throws LabException {
        Properties drive = Properties.listed("-drive", "id=d,if=none,readonly");
        assertThat(drive.value()).isEmpty();
        assertThat(drive.id()).isEqualTo("d");
        assertThat(drive.text("if", null)).isEqualTo("none");
        assertThat(drive.flag("readonly", false)).isTrue();
    }

    @Test
    void whatIsTakenIsGone() throws LabException {
        Properties properties = device("edu,a=1,b=on,c=3,d=auto");
        assertThat(properties.peek("a")).isEqualTo("1");
        assertThat(properties.has("a", "1")).isTrue();
        assertThat(properties.has("a", "2")).isFalse();
        assertThat(properties.text("a", "other")).isEqualTo("1");
        assertThat(properties.text("a", "other")).isEqualTo("other");
        assertThat(properties.flag("b", false)).isTrue();
        assertThat(properties.flag("b", false)).isFalse();
        assertThat(properties.number("c", 9)).isEqualTo(3);
        assertThat(properties.number("c", 9)).isEqualTo(9);
        assertThat(properties.choice("d")).isNull();
        properties.refuseOthers();
    }

    @ParameterizedTest
    @ValueSource(strings = {"on", "true", "yes", "y"})
    void aFlagIsOn(String text) throws LabException {
        assertThat(device("edu,a=" + text).flag("a", false)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "false", "no", "n"})
    void aFlagIsOff(String text) throws LabException {
        assertThat(device("edu,a=" + text).flag("a", true)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "0", "On", "TRUE", "", "auto", "o"})
    void aFlagIsNothingElse(String text) {
        refused("edu,a=" + text, "Parameter 'a' expects 'on' or 'off'", p -> p.flag("a", true));
    }

    @ParameterizedTest
    @CsvSource({"on, true", "off, false", "auto,"})
    void aChoiceMayBeLeftToTheMachine(String text, Boolean choice) throws LabException {
        assertThat(device("edu,a=" + text).choice("a")).isEqualTo(choice);
        assertThat(device("edu").choice("a")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"yes", "true", "Auto", "1", ""})
    void aChoiceIsNothingElse(String text) {
        refused("edu,a=" + text, "Parameter 'a' does not accept value '" + text + "'",
                p -> p.choice("a"));
    }

    // ---- numbers --------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "0,                    0",
        "1,                    1",
        "255,                  255",
        "0x0,                  0",
        "0xff,                 255",
        "0XFF,                 255",
        "010,                  8",
        "0777,                 511",
        "00,                   0",
        "-1,                   -1",
        "-0x10,                -16",
        "--5,                  5",
        "+7,                   7",
        "9223372036854775808,  -9223372036854775808",
        "18446744073709551615, -1",
        "0xffffffffffffffff,   -1",
        "01777777777777777777777, -1"})
    void aNumberIsAsInC(String text, long number) throws LabException {
        assertThat(Numbers.unsigned(text)).isEqualTo(number);
        assertThat(device("edu,a=" + text).number("a", 77)).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "0x", "08", "1.5", "1k", "18446744073709551616",
        "0x10000000000000000", "ff", "-", " 1", "1 "})
    void aNumberIsNothingElse(String text) {
        refused("edu,a=" + text, "Parameter 'a' expects integer", p -> p.number("a", 0));
    }

    @ParameterizedTest
    @CsvSource({"255, 255", "0, 255", "0xff, 255", "65535, 65535", "0xffffffff, 4294967295"})
    void aSmallNumberIsAtMostWhatItMayBe(String text, long most) throws LabException {
        assertThat(Integer.toUnsignedLong(device("edu,a=" + text).small("a", 1, most)))
                .isEqualTo(Numbers.unsigned(text));
        assertThat(device("edu").small("a", 1, most)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "256,         255,        8",
        "-1,          255,        8",
        "65536,       65535,      16",
        "0x1_,        255,        0",
        "0x100000000, 4294967295, 32",
        "-1,          4294967295, 32"})
    void aSmallNumberIsNoLarger(String text, long most, int bits) {
        refused("edu,a=" + text, bits == 0 ? "Parameter 'a' expects integer"
                : "Parameter 'a' expects uint" + bits + "_t", p -> p.small("a", 0, most));
    }

    // ---- what is left ---------------------------------------------------------------------------

    @Test
    void whatNobodyTookIsRefusedTheFirstFirst() {
        refused("edu,b=1,a=2", "Property 'edu.b' not found", Properties::refuseOthers);
        refused("edu,b=1,a=2", "Property 'edu.a' not found",
                p -> p.refuseOthersThan(List.of("b")));
    }

    @Test
    void whatIsKnownMayBeTakenLater() throws LabException {
        Properties properties = device("edu,b=1,a=2");
        properties.refuseOthersThan(List.of("a", "b", "c"));
        assertThat(properties.text("b", null)).isEqualTo("1");
    }

    @Test
    void aPropertyIsGivenUnlessItIsThere() {
        Properties properties = device("edu,a=1");
        properties.otherwise("a", "2");
        properties.otherwise("b", "3");
        properties.otherwise("b", "4");
        assertThat(properties.text("a", null)).isEqualTo("1");
        assertThat(properties.text("b", null)).isEqualTo("3");
    }

    // ---- sizes ----------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "1,               1,       1",
        "1,               1048576, 1048576",
        "1b,              1048576, 1",
        "1B,              1048576, 1",
        "64k,             1,       65536",
        "64K,             1048576, 65536",
        "2m,              1,       2097152",
        "2M,              1,       2097152",
        "3g,              1,       3221225472",
        "64G,             1,       68719476736",
        "65536,           1048576, 68719476736",
        "68719476736,     1,       68719476736",
        "007,             1,       7",
        "0,               1,       0"})
    void aSizeHasAUnit(String text, long unit, long bytes) {
        assertThat(Backend.size(text, unit)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"65G", "65537M", "68719476737", "1T", "1.5G", "-1", "G", "", "1 G",
        "0x10", "9999999999999999", "1GB"})
    void aSizeIsNoLargerThan64GibAndNothingElse(String text) {
        assertThat(Backend.size(text, 1)).isZero();
    }
}
