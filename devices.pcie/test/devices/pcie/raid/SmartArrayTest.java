// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.testkit.FakeFunction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Behind which functions a controller sits, and what it can be asked. */
class SmartArrayTest {

    @ParameterizedTest
    @CsvSource({"0x103c, 0x010400, 0, true", "0x103c, 0x010401, 0, true",
        "0x1000, 0x010400, 0, false", "0x103c, 0x010700, 0, false", "0x103c, 0x020000, 0, false",
        "0x103c, 0x010400, 1, false"})
    void sitsBehindRaidControllersOfOneVendor(String vendor, String classCode, int header,
            boolean accepted) {
        byte[] config = new byte[64];
        ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN)
                .putShort(0, Integer.decode(vendor).shortValue())
                .putInt(8, Integer.decode(classCode) << 8).put(14, (byte) header);
        assertThat(new SmartArray().accepts(new FunctionConfig(8, config))).isEqualTo(accepted);
    }

    @Test
    void saysWhatItCanBeAsked() {
        assertThat(new SmartArray().options()).containsExactlyInAnyOrder("mediumNanos",
                "wedgesOnAbort", "ignoresReset", "resetNanos", "goneFromNanos",
                "masterToResetNanos");
        assertThat(new SmartArray().name()).isEqualTo("smart-array");
    }

    @ParameterizedTest
    @CsvSource({"mediumNanos", "resetNanos"})
    void timesBeforeNowAreRefused(String name) {
        assertThatThrownBy(() -> RaidMachine.with(name, -5))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(name + " = -5");
    }

    @Test
    void aMediumOfNoTimeIsTheModelsOwn() {
        var machine = RaidMachine.with("mediumNanos", 0);
        machine.postRead(0x1000, 0x10, 7, 1, 0x4000);
        machine.clock.advance(19 * RaidMachine.MILLI);
        assertThat(machine.reply()).isEqualTo(RaidMachine.EMPTY);
        machine.clock.advance(2 * RaidMachine.MILLI);
        assertThat(machine.reply()).isEqualTo(0x10);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"0, 0, 0", "0xf7f00004, 0, 0", "0xe001, 0xf7f00000, 1", "0xe001, 0, 1",
        "0xf7f00000, 0xe001, 0"})
    void registersLieBehindTheFirstBarThatIsMemory(String first, String second, int bar) {
        var function = new FakeFunction(8, 0x010400);
        function.writeConfig(0x10, 4, Long.decode(first).intValue());
        function.writeConfig(0x14, 4, Long.decode(second).intValue());
        assertThat(CissLayout.bar(function)).isEqualTo(bar);
    }

    @Test
    void oneBarHoldsRegistersAndTable() {
        assertThat(RaidMachine.with().device.bars())
                .containsExactly(Bar.memory(0, 4096));
    }
}
