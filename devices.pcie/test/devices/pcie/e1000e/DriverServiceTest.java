// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static devices.pcie.e1000e.NicMachine.RX_RING;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Workload;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the driver programs when the interface comes up, and what it does from then on. */
class DriverServiceTest {

    private NicMachine machine;

    private static Workload workload(int rings, double rate, int bytes) {
        var usual = NicMachine.workload(rings);
        return new Workload(rate, false, 500, bytes, usual.rings(), usual.readable(),
                usual.writable(), usual.writeOnly(), null);
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 2, 0x1000, 0x11000, 0x1000", "0x10d3, 1, 0x800, 0x10800, 0x800",
        "0x100e, 2, 0x1000, 0x11000, 0x1000", "0x100e, 1, 0x800, 0x10800, 0x800"})
    void ringsAreLaidInThePagesGiven(String id, int pages, String length, String transmit,
            String transmitLength) {
        machine = new NicMachine(Integer.decode(id));
        machine.driver().start(workload(pages, 500, 600), 1);

        assertThat(machine.read(NicLayout.RDBAL)).isEqualTo(RX_RING);
        assertThat(machine.read(NicLayout.RDLEN)).isEqualTo(Long.decode(length));
        assertThat(machine.read(NicLayout.TDBAL)).isEqualTo(Long.decode(transmit));
        assertThat(machine.read(NicLayout.TDLEN)).isEqualTo(Long.decode(transmitLength));
        assertThat(machine.read(NicLayout.RCTL) & 0x8002).as("EN, BAM").isEqualTo(0x8002);
        assertThat(machine.read(NicLayout.TCTL) & 0xa).as("EN, PSP").isEqualTo(0xa);
        assertThat(machine.read(NicLayout.TIDV)).isEqualTo(8);
    }

    /** Offsets and values as Linux has them. */
    @ParameterizedTest
    @CsvSource({"0x10d3, 0x2828, 0x01040420", "0x10d3, 0x2820, 0x20", "0x10d3, 0x5008, 0x8000",
        "0x10d3, 0x00e4, 0x800a0908", "0x10d3, 0x00d0, 0x01500004", "0x10d3, 0x2818, 240",
        "0x100e, 0x2828, 0", "0x100e, 0x2820, 0", "0x100e, 0x00d0, 0x95",
        "0x100e, 0x2818, 254"})
    void registersOfTheChipAreSet(String id, String offset, String value) {
        machine = new NicMachine(Integer.decode(id));
        machine.driver().start(workload(2, 500, 600), 1);

        assertThat(machine.function.readRegister(0, Integer.decode(offset), 4))
                .isEqualTo(Long.decode(value));
    }

    @ParameterizedTest
    @CsvSource({"1, 60", "60, 60", "600, 600", "1514, 1514", "9000, 1514"})
    void framesSentAreAsLongAsEthernetLets(int bytes, int sent) {
        machine = new NicMachine(EXPRESS);
        machine.driver().start(workload(2, 500, bytes), 1);
        machine.run(MILLI);

        assertThat(machine.context.committed()).extracting(c -> c.bytes().length)
                .containsOnly(sent).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"1, 2000000000", "500, 4000000", "1000, 2000000"})
    void itComesBackAsOftenAsTheRateAsks(double rate, long nanos) {
        machine = new NicMachine(EXPRESS);
        NicDriver driver = machine.driver();
        driver.start(workload(2, rate, 600), 1);

        assertThat(driver.service()).isEqualTo(nanos);
    }

    @Test
    void itDoesNothingBeforeItIsStarted() {
        machine = new NicMachine(EXPRESS);

        assertThat(machine.driver().service()).isZero();
        assertThat(machine.port.pagesInUse()).isZero();
    }

    /** A chip that has stopped: the ring fills, then nothing more is posted. */
    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void aFullRingTakesNoMore(int id) {
        machine = new NicMachine(id, Map.of("frameNanos", MILLI));
        NicDriver driver = machine.driver();
        driver.start(workload(1, 500, 600), 1);
        machine.function.writeConfig(4, 2, 2);
        for (int i = 0; i < 400; i++) {
            driver.service();
            machine.run(MILLI);
        }

        assertThat(machine.port.posted()).as("127 of 128 places").hasSize(127);
        assertThat(machine.read(NicLayout.TDT)).isEqualTo(127);
        machine.function.writeConfig(4, 2, 6);
        machine.run(100 * MILLI);
        driver.service();
        assertThat(machine.port.mapped().size()).as("given back").isLessThan(140);
        assertThat(machine.context.committed()).hasSize(127);
    }
}
