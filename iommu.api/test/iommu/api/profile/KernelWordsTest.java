// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelWordsTest {

    private static final KernelWords WORDS = new KernelWords()
            .word("unit=on", "a.off", 0, "units on").word("unit=off", "a.off", 1, "units off")
            .word("unit=wide", "a.wide", 1, "wide").word("quick", "a.quick", 1, "quick")
            .word("both", "a.off", 1, "units off").word("both", "a.quick", 1, "quick")
            .note("unit=old", "is for others").flag("unit.strict", "a.strict", "strict", "lazy")
            .closed("unit", java.util.Set.of("sm_on"));

    private static List<String> told(String line) {
        return WORDS.options(line).stream().map(KernelOption::words).toList();
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {"'', -", "unit=off, units off",
        "ro unit=on quiet, units on", "'unit=off,wide', units off+wide",
        "unit=off unit=on, units on", "'unit=on,off', units off", "quick, quick",
        "quick=1, -", "xunit=off, -", "both, units off+quick", "unit=, -", "-- unit=off, -",
        "unit=ON, unit=ON is no value that the kernel knows", "unit=sm_on, -",
        "unit.strict=on, strict",
        "unit.strict=y unit.strict=N, lazy", "unit.strict=0, lazy",
        "'unit=x,on,x', units on+unit=x is no value that the kernel knows",
        "unit.strict=2, unit.strict=2 is no value that the kernel knows",
        "unit=old unit=old, unit=old is for others"})
    void theLastWordOfASettingCounts(String line, String words) {
        assertThat(String.join("+", told(line))).isEqualTo(words == null ? "" : words);
    }

    @Test
    void aNoteSetsNothing() {
        KernelOption note = WORDS.options("unit=old").get(0);
        assertThat(note.setting()).isNull();
        assertThat(WORDS.options("quick").get(0))
                .isEqualTo(new KernelOption("a.quick", 1, "quick"));
    }
}
