// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyMatrixTest {

    /** Values of Wilson's interval as statistics packages give them. */
    @ParameterizedTest
    @CsvSource({"0, 50, 0 (0-7 %)", "50, 50, 50 (93-100 %)", "25, 50, 25 (37-63 %)",
        "1, 50, 1 (0-10 %)", "0, 1, 0 (0-79 %)", "1, 1, 1 (21-100 %)", "5, 10, 5 (24-76 %)"})
    void aCountComesWithTheRatesThatItAllows(int count, int of, String cell) {
        assertThat(PolicyMatrix.withInterval(count, of)).isEqualTo(cell);
    }
}
