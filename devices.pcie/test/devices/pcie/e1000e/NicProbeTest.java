// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The probe as the device sees it, and devices that it fails on. */
class NicProbeTest {

    private NicMachine machine;
    private final List<Integer> written = new ArrayList<>();

    /** Between a driver and a chip: notes writes, and spoils what is read of a register. */
    private final class Spoiled implements Device {

        private final int offset;
        private final long mask;
        private final long value;

        private Spoiled(int offset, long mask, long value) {
            this.offset = offset;
            this.mask = mask;
            this.value = value;
        }

        @Override
        public List<Bar> bars() {
            return machine.device.bars();
        }

        @Override
        public long readRegister(int bar, long at, int bytes) {
            long read = machine.device.readRegister(bar, at, bytes);
            return bar == 0 && at == offset ? read & ~mask | value : read;
        }

        @Override
        public void writeRegister(int bar, long at, int bytes, long what) {
            if (bar == 0) {
                written.add((int) at);
            }
            machine.device.writeRegister(bar, at, bytes, what);
        }

        @Override
        public int readRegister(int at) {
            return (int) readRegister(0, at, 4);
        }

        @Override
        public void writeRegister(int at, int what) {
            writeRegister(0, at, 4, what);
        }

        @Override
        public void reset() {
            machine.device.reset();
        }
    }

    private String probe(int offset, long mask, long value) {
        machine.function.device(new Spoiled(offset, mask, value));
        return machine.driver().probe();
    }

    /** Chip, register, bits of it that read as this; what the kernel says. */
    @ParameterizedTest
    @CsvSource({
        "0x10d3, 0x20, 0xffff, 0x0141, probe failed with error -2",
        "0x100e, 0x20, 0xffff, 0x0cb1, probe failed with error -2",
        "0x10d3, 0x20, 0x10000000, 0, probe failed with error -2",
        "0x10d3, 0x20, 0x40000000, 0x40000000, probe failed with error -2",
        "0x10d3, 0x14, 2, 0, The NVM Checksum Is Not Valid",
        "0x10d3, 0x14, 0xffff0000, 0, The NVM Checksum Is Not Valid",
        "0x100e, 0x14, 0x10, 0, The EEPROM Checksum Is Not Valid"})
    void whatMakesItFail(String id, String offset, String mask, String value, String reason) {
        machine = new NicMachine(Integer.decode(id));

        assertThat(probe(Integer.decode(offset), Long.decode(mask), Long.decode(value)))
                .isEqualTo(reason);
        assertThat(machine.port.mapped()).isEmpty();
        assertThat(machine.port.pagesInUse()).isZero();
    }

    /** Requests that do not end, the way to the PHY, the words being read: it goes on. */
    @ParameterizedTest
    @CsvSource({"0x08, 0x80000, 0x80000", "0x0f00, 0x20, 0", "0x10, 0x200, 0"})
    void whatLinuxWaitsForInVain(String offset, String mask, String value) {
        machine = new NicMachine(EXPRESS);

        assertThat(probe(Integer.decode(offset), Long.decode(mask), Long.decode(value))).isNull();
    }

    @Test
    void requestsThatDoNotEndAreWaitedForAsLongAsLinuxDoes() {
        machine = new NicMachine(EXPRESS);
        probe(0, 0, 0);
        long usual = machine.queue.nanos();
        machine = new NicMachine(EXPRESS);
        probe(NicLayout.STATUS.offset(), 0x80000, 0x80000);

        assertThat(machine.queue.nanos() - usual).as("twice 800 times 100 microseconds")
                .isEqualTo(160 * MILLI);
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void interruptsAndReceivingAreOffBeforeTheReset(int id) {
        machine = new NicMachine(id);
        assertThat(probe(0, 0, 0)).isNull();
        int mask = written.indexOf(NicLayout.IMC.offset());

        assertThat(mask).isNotNegative();
        assertThat(written.subList(mask, mask + 3)).containsExactly(NicLayout.IMC.offset(),
                NicLayout.RCTL.offset(), NicLayout.TCTL.offset());
        assertThat(written).as("no ring is laid").doesNotContain(NicLayout.RDBAL.offset(),
                NicLayout.TDBAL.offset(), NicLayout.RDT.offset(), NicLayout.IMS.offset());
        assertThat(machine.root.requests()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 0, 6", "0x100e, 0, 7", "0x10d3, 0x400, 0x406"})
    void decodingAndBusMasteringAreSwitchedOn(String id, String before, String after) {
        machine = new NicMachine(Integer.decode(id));
        machine.function.writeConfig(4, 2, Integer.decode(before));

        assertThat(machine.driver().probe()).isNull();
        assertThat(machine.function.readConfig(4, 2)).isEqualTo(Integer.decode(after));
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 0x02a1b2c3d4e5, 0xc3b2a102, 0x8000e5d4",
        "0x100e, 0x001b21000001, 0x00211b00, 0x80000100"})
    void theAddressOfTheEepromBecomesTheFirst(String id, String mac, String low, String high) {
        machine = new NicMachine(Integer.decode(id), Map.of(Nvm.MAC, Long.decode(mac)));
        machine.function.writeRegister(0, NicLayout.MTA + 40, 4, 0x1234);
        machine.function.writeRegister(0, NicLayout.VFTA + 40, 4, 0x1234);

        assertThat(machine.driver().probe()).isNull();
        assertThat(machine.function.readRegister(0, NicLayout.RAL, 4))
                .isEqualTo(Long.decode(low));
        assertThat(machine.function.readRegister(0, NicLayout.RAL + 4, 4))
                .isEqualTo(Long.decode(high));
        assertThat(machine.function.readRegister(0, NicLayout.MTA + 40, 4)).isZero();
        assertThat(machine.function.readRegister(0, NicLayout.VFTA + 40, 4)).isZero();
    }

    @Test
    void aNullAddressIsNone() {
        machine = new NicMachine(EXPRESS, Map.of(Nvm.MAC, 0L));

        assertThat(machine.driver().probe()).isEqualTo("Invalid MAC Address");
    }
}
