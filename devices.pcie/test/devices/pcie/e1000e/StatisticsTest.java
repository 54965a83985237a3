// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is counted, and what reading does to it. */
class StatisticsTest {

    private final RegisterFile registers =
            new RegisterFile(NicLayout.REGISTER_BYTES, Statistics.registers());
    private final Statistics statistics = new Statistics(registers);

    private long take(Register counter) {
        return Integer.toUnsignedLong(statistics.take(counter.offset()));
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0", "1, 1, 0", "2, 0, 1"})
    void framesAreCountedByDestination(int destination, long broadcasts, long groups) {
        statistics.received(destination, 60);

        assertThat(take(Statistics.GPRC)).isEqualTo(1);
        assertThat(take(Statistics.TPR)).isEqualTo(1);
        assertThat(take(Statistics.BPRC)).isEqualTo(broadcasts);
        assertThat(take(Statistics.MPRC)).isEqualTo(groups);
        assertThat(take(Statistics.GORCL)).as("with its check sequence").isEqualTo(64);
        assertThat(take(Statistics.GPTC)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x4010, 0x4074, 0x4078, 0x407c, 0x4080, 0x40d0, 0x40d4})
    void readingACounterClearsItAlone(int offset) {
        for (Register counter : Statistics.registers()) {
            registers.set(counter, counter.offset());
        }
        assertThat(statistics.take(offset)).isEqualTo(offset);
        assertThat(statistics.take(offset)).isZero();

        for (Register counter : Statistics.registers()) {
            assertThat(registers.get(counter)).as(counter.name())
                    .isEqualTo(counter.offset() == offset ? 0 : counter.offset());
        }
    }

    @Test
    void theUpperHalfOfBytesClearsBoth() {
        registers.set(Statistics.GORCL, 0xffff_fff0L);
        registers.set(Statistics.GOTCL, 5);
        statistics.received(ReceiveFilter.UNICAST, 60);
        assertThat(take(Statistics.GORCL)).isEqualTo(0x30);
        assertThat(take(Statistics.GORCL)).as("stays").isEqualTo(0x30);
        assertThat(take(Statistics.GORCH)).as("carried").isEqualTo(1);
        assertThat(take(Statistics.GORCL)).isZero();
        assertThat(take(Statistics.GORCH)).isZero();
        assertThat(take(Statistics.GOTCH)).isZero();
        assertThat(take(Statistics.GOTCL)).as("cleared with its half").isZero();
    }

    @Test
    void countersStickAtTheirHighestValue() {
        registers.set(Statistics.MPC, 0xffff_fffeL);
        statistics.missed(1);
        assertThat(registers.get(Statistics.MPC)).isEqualTo(0xffff_ffffL);
        statistics.missed(3);

        assertThat(take(Statistics.MPC)).isEqualTo(0xffff_ffffL);
    }

    @Test
    void bytesSentAreCountedWithTheirCheckSequences() {
        statistics.transmitted(60);
        statistics.transmitted(1514);

        assertThat(take(Statistics.GPTC)).isEqualTo(2);
        assertThat(take(Statistics.TPT)).isEqualTo(2);
        assertThat(take(Statistics.GOTCL)).isEqualTo(64 + 1518);
        assertThat(take(Statistics.GOTCH)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void theChipCountsFramesOfAllKinds(int id) {
        var machine = new NicMachine(id);
        machine.loop(16, 0x18);
        machine.arrive(NicMachine.to(0x5254_0012_3456L, 100));
        machine.arrive(NicMachine.to(0x0100_5e00_0001L, 200));
        machine.arrive(NicMachine.to(0xffff_ffff_ffffL, 300));
        machine.arrive(NicMachine.to(0x0200_0000_0009L, 50));

        assertThat(machine.read(Statistics.GPRC)).isEqualTo(4);
        assertThat(machine.read(Statistics.MPRC)).isEqualTo(1);
        assertThat(machine.read(Statistics.BPRC)).isEqualTo(1);
        assertThat(machine.read(Statistics.GORCL)).as("the last is padded")
                .isEqualTo(100 + 200 + 300 + 60 + 4 * 4);
        assertThat(machine.read(Statistics.MPC)).isZero();
        machine.write(NicLayout.CTRL, 1 << 26);
        assertThat(machine.read(Statistics.GORCL)).as("after a reset").isZero();
    }

    @Test
    void writesDoNotChangeCounters() {
        var machine = new NicMachine(EXPRESS);
        machine.write(Statistics.GPRC, 77);

        assertThat(machine.read(Statistics.GPRC)).isZero();
    }
}
