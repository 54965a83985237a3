// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.ScenarioResult;
import kdump.lab.api.experiment.ScenarioResult.Holds;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every claim, tried as {@code ./lab scenarios} tries it. */
class ClaimsTest {

    private static final ClaimBook BOOK = new ClaimBook(new PlainBench());

    static Stream<String> ids() {
        return BOOK.ids().stream();
    }

    @ParameterizedTest
    @MethodSource("ids")
    void itHoldsOrTheReasonSaysWhyNot(String id) throws LabException {
        ScenarioResult result = BOOK.run(id, 1);
        assertThat(result.holds()).as(result.toString()).isNotEqualTo(Holds.NO);
        assertThat(result.observed()).isNotBlank();
        assertThat(result.reason()).isNotBlank();
        assertThat(result.runs() > 0).as("something was run").isEqualTo(
                result.holds() != Holds.NOT_APPLICABLE);
    }
}
