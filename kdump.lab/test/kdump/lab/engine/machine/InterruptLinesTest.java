// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which wire a pin leads to, and who asserts it. */
class InterruptLinesTest {

    private static final List<FunctionConfig> FUNCTIONS = List.of(
            bridge("00:02.0", 1, 5), bridge("01:03.0", 5, 5), bridge("0001:00:01.0", 1, 1),
            endpoint("00:00.0", 1), endpoint("00:03.0", 1), endpoint("00:1f.2", 1),
            endpoint("01:00.0", 1), endpoint("05:00.0", 1), endpoint("05:07.1", 1),
            endpoint("40:00.0", 1), endpoint("40:01.0", 1), endpoint("0001:01:00.0", 1));

    private final InterruptLines lines = new InterruptLines(FUNCTIONS);

    private static FunctionConfig endpoint(String id, int pin) {
        byte[] config = new byte[256];
        config[0x3d] = (byte) pin;
        return new FunctionConfig(RequesterId.parse(id), config);
    }

    private static FunctionConfig bridge(String id, int secondary, int subordinate) {
        byte[] config = new byte[256];
        config[0x0e] = (byte) 0x81;
        config[0x19] = (byte) secondary;
        config[0x1a] = (byte) subordinate;
        return new FunctionConfig(RequesterId.parse(id), config);
    }

    /**
     * By hand: (device + pin - 1) modulo 4 is the pin above, from 0 on, at every bridge. Bus 2 is
     * one of the root port's where nothing was found, such as that of virtual functions.
     */
    @ParameterizedTest(name = "{0} pin {1}")
    @CsvSource({"00:00.0, 1, 16", "00:00.0, 4, 19", "00:03.0, 1, 19", "00:03.0, 2, 16",
        "00:1f.2, 1, 19", "00:1f.2, 2, 16", "00:02.0, 1, 18",
        "01:00.0, 1, 18", "01:00.0, 2, 19", "01:00.0, 3, 16",
        "05:00.0, 1, 17", "05:00.0, 4, 16", "05:07.1, 2, 17",
        "0001:01:00.0, 1, 25", "0001:01:00.0, 4, 24",
        "40:01.0, 1, 21", "40:00.0, 2, 21", "02:00.0, 1, 18", "02:01.0, 3, 17"})
    void bridgesSwizzle(String function, int pin, int line) {
        int id = RequesterId.parse(function);
        var all = new ArrayList<>(FUNCTIONS);
        all.removeIf(f -> f.requesterId() == id && f.headerType() == 0);
        all.add(0, endpoint(function, pin));
        assertThat(new InterruptLines(all).of(id)).isEqualTo(line);
    }

    @Test
    void aLineIsAssertedAsLongAsOneOfItsFunctionsDoes() {
        int first = RequesterId.parse("00:03.0");
        int second = RequesterId.parse("00:1f.2");
        lines.level(second, true);
        lines.level(first, true);
        lines.level(first, true);
        assertThat(lines.asserting(19)).containsExactly(first, second);
        assertThat(lines.asserting(16)).isEmpty();
        lines.level(second, false);
        assertThat(lines.isAsserting(second)).isFalse();
        assertThat(lines.isAsserting(first)).isTrue();
        lines.level(first, false);
        lines.level(first, false);
        assertThat(lines.asserting(19)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 255})
    void withoutAPinThereIsNoLine(int pin) {
        int id = RequesterId.parse("00:03.0");
        var without = new InterruptLines(List.of(endpoint("00:03.0", pin)));
        assertThat(without.of(id)).isEqualTo(InterruptLines.NONE);
        assertThat(lines.of(RequesterId.parse("00:04.0"))).as("a function that is not there")
                .isEqualTo(InterruptLines.NONE);
    }
}
