// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The limits of settings, which the metatype service does not tell. */
class SettingTest {

    private static final String DESCRIPTION = """
            <OCD id="x">
              <AD id="both" type="Integer" name="Both" min="1" max="60000" default="2"/>
              <AD id="low" type="Integer" min="0" name="Low"/>
              <AD id="high" type="Integer" max="9"/>
              <AD id="none" type="Integer" name="None"/>
              <AD id="noneAtAll" type="Integer" min="3" max="4"/>
            </OCD>
            """;

    @ParameterizedTest
    @CsvSource({"both, 1 to 60000", "low, 0 or more", "high, 9 or less", "none, ''",
        "noneAtAll, 3 to 4", "missing, ''", "x, ''"})
    void aRangeIsReadFromTheDescription(String name, String words) {
        assertThat(Setting.range(name, DESCRIPTION)).isEqualTo(words);
    }

    @ParameterizedTest
    @CsvSource({"5, 5", "true, true"})
    void oneValueIsToldAsItIs(String value, String told) {
        assertThat(ConfigurablePolicies.text(value)).isEqualTo(told);
        assertThat(ConfigurablePolicies.text(new String[] {value, "x"})).isEqualTo(told + ",x");
    }
}
