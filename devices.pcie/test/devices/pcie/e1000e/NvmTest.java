// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words of the EEPROM, and EERD. */
class NvmTest {

    private NicMachine machine;

    @ParameterizedTest
    @CsvSource({"0, 0x5452", "1, 0x1200", "2, 0x5634", "13, 0x10d3", "14, 0x8086",
        "15, 0x4000", "16, 0", "64, 0", "4095, 0"})
    void wordsOfThe82574(int index, String word) {
        machine = new NicMachine(EXPRESS);
        machine.write(NicLayout.EERD, (long) index << 2 | 1);

        assertThat(machine.read(NicLayout.EERD))
                .isEqualTo(Long.decode(word) << 16 | (long) index << 2 | 2);
    }

    @ParameterizedTest
    @CsvSource({"0, 0x5452", "2, 0x5634", "13, 0x100e", "14, 0x8086", "255, 0"})
    void wordsOfThe82540(int index, String word) {
        machine = new NicMachine(CONVENTIONAL);
        machine.write(NicLayout.EERD, (long) index << 8 | 1);

        assertThat(machine.read(NicLayout.EERD))
                .isEqualTo(Long.decode(word) << 16 | (long) index << 8 | 0x10);
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 2", "0x100e, 8"})
    void withoutTheStartBitNothingIsRead(String id, int shift) {
        machine = new NicMachine(Integer.decode(id));
        machine.write(NicLayout.EERD, 14L << shift);

        assertThat(machine.read(NicLayout.EERD)).isEqualTo(14L << shift);
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 2, 2", "0x100e, 8, 0x10"})
    void afterAResetItIsNotDoneUntilTheWordsAreRead(String id, int shift, String done) {
        machine = new NicMachine(Integer.decode(id), Map.of(DeviceOptions.RESET_NANOS, 7 * MILLI));
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.run(7 * MILLI - 1);
        machine.write(NicLayout.EERD, 14L << shift | 1);
        assertThat(machine.read(NicLayout.EERD)).isEqualTo(14L << shift);
        machine.run(1);
        machine.write(NicLayout.EERD, 14L << shift | 1);

        assertThat(machine.read(NicLayout.EERD))
                .isEqualTo(0x8086_0000L | 14L << shift | Long.decode(done));
    }

    @Seeds(count = 20)
    void anyAddressAddsUpAndIsTheFirstThatIsReceived(long seed) {
        long mac = new RandomStream(seed, "mac").nextLong() & 0xfeff_ffff_ffffL;
        machine = new NicMachine(EXPRESS, Map.of(Nvm.MAC, mac));
        var nvm = new Nvm(machine.context, Chip.L82574);
        int sum = 0;
        for (int i = 0; i < Nvm.WORDS; i++) {
            sum += nvm.word(i);
        }
        assertThat(sum & 0xffff).isEqualTo(Nvm.SUM);

        machine.loop(8, 0);
        machine.arrive(NicMachine.to(mac, 80));
        machine.arrive(NicMachine.to(mac ^ 1, 80));
        assertThat(machine.read(Statistics.GPRC)).isEqualTo(1);
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(1);
    }
}
