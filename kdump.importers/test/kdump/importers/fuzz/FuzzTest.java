// SPDX-License-Identifier: Apache-2.0
package kdump.importers.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A short run over all parsers; {@code cnf/make fuzz} gives each a long one. */
class FuzzTest {

    private static final int RUNS = 3000;

    @BeforeEach
    void jazzerRunsHere() {
        assumeTrue(System.getProperty("os.arch").equals("amd64"),
                "Jazzer has no driver for this processor");
    }

    @ParameterizedTest
    @EnumSource(Parser.class)
    void seedsAreTaken(Parser parser) throws IOException {
        for (byte[] seed : parser.seeds()) {
            parser.parse(seed);
        }
    }

    @Test
    void everyInputIsTakenOrRefusedWithOneLineInASecond() throws Exception {
        FuzzRun.Outcome outcome = FuzzRun.inputs(Parser.ALL, RUNS);

        assertThat(outcome.clean()).as(outcome.tail()).isTrue();
        assertThat(outcome.log()).containsPattern("INITED cov: \\d{4,}");
    }

    @Test
    void aPlantedMistakeIsFound() throws Exception {
        FuzzRun.Outcome outcome = FuzzRun.inputs(Parser.PLANTED, 200_000);

        assertThat(outcome.clean()).isFalse();
        assertThat(outcome.log()).contains("ArrayIndexOutOfBoundsException: planted");
    }
}
