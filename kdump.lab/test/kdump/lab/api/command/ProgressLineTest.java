// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

/** What people see of long work. */
class ProgressLineTest {

    private final ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    private final ProgressLine line = new ProgressLine(new PrintStream(terminal));

    @Test
    void eachTextTakesThePlaceOfTheOneBefore() {
        line.at(1, 8, "reset-devices T6");
        line.at(2, 8, "linux T0");
        assertThat(terminal.toString()).isEqualTo("\r1/8 reset-devices T6"
                + "\r2/8 linux T0        ");
        line.close();
        assertThat(terminal.toString()).endsWith("\r            \r");
    }

    @Test
    void whatIsShownAlreadyIsNotShownAgainAndNothingIsBlankedThatIsNot() {
        line.close();
        assertThat(terminal.size()).isZero();
        line.at(1, 8, "linux T0");
        int once = terminal.size();
        line.at(1, 8, "linux T0");
        assertThat(terminal.size()).isEqualTo(once);
    }

    @Test
    void aLongTextIsCutSoThatItStaysOneLine() {
        line.at(1, 2, "x".repeat(500));
        assertThat(terminal.toString()).hasSizeLessThan(80);
    }
}
