// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.FakeFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinkTest {

    private static FakeFunction express(int linkStatus) {
        var function = new FakeFunction(0x100, 0x010802);
        function.set(0x06, 2, 0x10);
        function.set(0x34, 1, 0x40);
        function.set(0x40, 2, 0x10);
        function.set(0x52, 2, linkStatus);
        return function;
    }

    @ParameterizedTest
    @CsvSource({"0x0011, 4096, 16384", "0x0012, 4096, 8192", "0x0043, 4096, 1039",
            "0x0044, 4096, 520", "0x0104, 64, 2", "0x0041, 1, 1"})
    void payloadTakesItsTimeBySpeedAndWidth(int status, int bytes, long nanos) {
        assertThat(Link.of(express(status)).nanos(bytes)).isEqualTo(nanos);
    }

    @Test
    void aConventionalBusIsSlow() {
        assertThat(Link.of(new FakeFunction(0x100, 0x010802)).nanos(4096)).isEqualTo(30796);
    }

    @Test
    void aLinkThatSaysNothingHasOneLaneOfTheFirstSpeed() {
        assertThat(Link.of(express(0)).nanos(4096)).isEqualTo(Link.of(express(0x11)).nanos(4096));
    }
}
