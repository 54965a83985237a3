// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.InputStream;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.ObjectClassDefinition;

/** How variants are told, and what of it a policy's metatype allows. */
class SpecificationTest {

    /** What a policy declares, as a metatype service tells it. */
    private record Declared(String id, int type, int cardinality, List<String> options)
            implements AttributeDefinition {
        @Override
        public String getID() {
            return id;
        }

        @Override
        public String getName() {
            return id;
        }

        @Override
        public String getDescription() {
            return "";
        }

        @Override
        public int getCardinality() {
            return cardinality;
        }

        @Override
        public int getType() {
            return type;
        }

        @Override
        public String[] getOptionValues() {
            return options.toArray(new String[0]);
        }

        @Override
        public String[] getOptionLabels() {
            return getOptionValues();
        }

        @Override
        public String validate(String value) {
            return type == INTEGER && Math.abs(Integer.parseInt(value) - 50) > 50 ? "too much"
                    : options.isEmpty() ? null : options.contains(value) ? "" : "no option";
        }

        @Override
        public String[] getDefaultValue() {
            return type == INTEGER ? new String[] {"100"} : null;
        }
    }

    private static final ObjectClassDefinition TYPE = new ObjectClassDefinition() {
        @Override
        public String getName() {
            return "settings";
        }

        @Override
        public String getID() {
            return "settings";
        }

        @Override
        public String getDescription() {
            return "";
        }

        @Override
        public AttributeDefinition[] getAttributeDefinitions(int filter) {
            return new AttributeDefinition[] {
                new Declared("when", AttributeDefinition.STRING, 0, List.of("T1", "T3")),
                new Declared("percent", AttributeDefinition.INTEGER, 0, List.of()),
                new Declared("maps", AttributeDefinition.BOOLEAN, 0, List.of()),
                new Declared("only", AttributeDefinition.STRING, Integer.MAX_VALUE, List.of())};
        }

        @Override
        public InputStream getIcon(int size) {
            return null;
        }
    };

    private static Map<String, Object> read(String settings) throws LabException {
        var values = new SettingReader("p",
                TYPE).read(Specification.parse("a=p" + settings).settings());
        var all = new java.util.TreeMap<String, Object>();
        Collections.list(values.keys()).forEach(key -> all.put(key, values.get(key)));
        return all;
    }

    @Test
    void nameAndPolicyAndSettingsAreTakenApart() throws LabException {
        Specification late = Specification.parse("late-1=reset-devices,phase=T6,x=,only=a,only=b");
        assertThat(late.name()).isEqualTo("late-1");
        assertThat(late.policy()).isEqualTo("reset-devices");
        assertThat(late.settings()).containsExactly(Map.entry("phase", List.of("T6")),
                Map.entry("x", List.of("")), Map.entry("only", List.of("a", "b")));
        assertThat(Specification.parse("a=b").settings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "a=", "=b", "A=b", "a=b,", "a=b,c", "a=b,=c", "a b=c",
        "a=b c", "a=b,,c=d", "a(=b"})
    void anythingElseIsNoVariant(String text) {
        assertThatExceptionOfType(LabException.class)
                .isThrownBy(() -> Specification.parse(text))
                .withMessage("variant '" + text + "', expected NAME=POLICY,setting=value,...");
    }

    @Test
    void valuesHaveTheTypesThatAreDeclared() throws LabException {
        assertThat(read(",when=T3,percent=7,maps=false")).isEqualTo(
                Map.of("when", "T3", "percent", 7, "maps", false));
        assertThat((String[]) read(",only=a,only=b").get("only")).containsExactly("a", "b");
        assertThat(read("")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "when=T9 | setting 'when' is 'T9', expected one of T1, T3",
        "when= | setting 'when' is '', expected one of T1, T3",
        "when=T1,when=T3 | setting 'when' is 'T1' and 'T3', expected one of T1, T3",
        "percent=101 | setting 'percent' is '101', expected a whole number, 0 to 100",
        "percent=1.5 | setting 'percent' is '1.5', expected a whole number, 0 to 100",
        "percent=99999999999 | setting 'percent' is '99999999999', expected a whole number, "
                + "0 to 100",
        "maps=yes | setting 'maps' is 'yes', expected true or false",
        "where=here | policy 'p' has no setting 'where'; it has when, percent, maps, only"})
    void whatIsNotAllowedIsToldWithWhatIs(String setting, String message) {
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> read("," + setting))
                .withMessage(message);
    }
}
