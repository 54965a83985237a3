// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.FakeDriverPort;
import iommu.testkit.Request;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ICR, ICS, IMS, IMC and IVAR, row by row. */
class CauseRegistersTest {

    private NicMachine machine;

    private void table(long routes) {
        machine = new NicMachine(EXPRESS, Map.of("frameNanos", MILLI));
        machine.port.enableInterrupts(5);
        machine.write(NicLayout.IVAR, routes);
        machine.root.clear();
    }

    private List<Integer> vectors() {
        return List.of(0, 1, 2, 3, 4).stream()
                .filter(vector -> machine.port.waitForInterrupt(vector, 0)).toList();
    }

    private long messages() {
        return machine.requests(Request.Kind.WRITE, FakeDriverPort.INTERRUPTS,
                FakeDriverPort.INTERRUPTS + 4096);
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void aMaskIsSetAndClearedBitByBit(int id) {
        machine = new NicMachine(id);
        machine.write(NicLayout.IMS, 0xd5);
        machine.write(NicLayout.IMS, 0x2a);
        assertThat(machine.read(NicLayout.IMS)).isEqualTo(0xff);
        machine.write(NicLayout.IMC, 0x0f);
        machine.write(NicLayout.IMS, 0);
        assertThat(machine.read(NicLayout.IMS)).isEqualTo(0xf0);
        assertThat(machine.read(NicLayout.IMC)).as("write-only").isZero();
        machine.write(NicLayout.IMC, 0xffff_ffffL);

        assertThat(machine.read(NicLayout.IMS)).isZero();
    }

    /** IMS, causes set; ICR at the first and the second reading of the 82574L. */
    @ParameterizedTest
    @CsvSource({"0, 0x85, 0x85, 0", "0x4, 0x80, 0x80, 0x80", "0x4, 0x84, 0x80000084, 0",
        "0xff, 0, 0, 0", "0x80000000, 0x4, 0x4, 0x4"})
    void readingOfThe82574(String mask, String set, String first, String second) {
        machine = new NicMachine(EXPRESS);
        machine.write(NicLayout.IMS, Long.decode(mask));
        machine.write(NicLayout.ICS, Long.decode(set));

        assertThat(machine.read(NicLayout.ICR)).isEqualTo(Long.decode(first));
        assertThat(machine.read(NicLayout.ICR)).isEqualTo(Long.decode(second));
    }

    @ParameterizedTest
    @CsvSource({"0, 0x85", "0x4, 0x80", "0x4, 0x84"})
    void readingOfThe82540Clears(String mask, String set) {
        machine = new NicMachine(CONVENTIONAL);
        machine.write(NicLayout.IMS, Long.decode(mask));
        machine.write(NicLayout.ICS, Long.decode(set));
        assertThat(machine.read(NicLayout.ICS)).as("write-only").isZero();

        assertThat(machine.read(NicLayout.ICR)).isEqualTo(Long.decode(set));
        assertThat(machine.read(NicLayout.ICR)).isZero();
        assertThat(machine.read(NicLayout.IMS)).as("stays").isEqualTo(Long.decode(mask));
    }

    /** CTRL_EXT; the mask after ICR was read with a cause asserted. IAM is 5. */
    @ParameterizedTest
    @CsvSource({"0, 0x87", "0x08000000, 0x82", "0x01000000, 0x87"})
    void acknowledgingMayDisableByItself(String control, String mask) {
        machine = new NicMachine(EXPRESS);
        machine.write(NicLayout.IAM, 5);
        machine.write(NicLayout.CTRL_EXT, Long.decode(control));
        machine.write(NicLayout.IMS, 0x87);
        machine.write(NicLayout.ICS, 0x80);
        assertThat(machine.read(NicLayout.ICR)).isEqualTo(0x8000_0080L);

        assertThat(machine.read(NicLayout.IMS)).isEqualTo(Long.decode(mask));
    }

    /** RXQ0, RXQ1, TXQ0, TXQ1, other are bits 20 to 24, and 4 bits of IVAR each. */
    @ParameterizedTest
    @CsvSource({"0x8, 20, 0", "0xc, 20, 4", "0x90, 21, 1", "0xa00, 22, 2", "0xb000, 23, 3",
        "0xc0000, 24, 4", "0x9, 20, 1"})
    void eachCauseGoesToItsEntry(String routes, int bit, int vector) {
        table(Long.decode(routes));
        machine.write(NicLayout.IMS, 0x01f0_0000L);
        machine.write(NicLayout.ICS, 0x01f0_0000L & ~(1L << bit));
        assertThat(messages()).as("the others have no entry").isZero();
        machine.write(NicLayout.ICS, 1L << bit);

        assertThat(vectors()).containsExactly(vector);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0x0", "0x7", "0xd", "0xf"})
    void anEntryThatIsNotValidOrNotThereGetsNoMessage(String routes) {
        table(Long.decode(routes));
        machine.write(NicLayout.IMS, 1 << 20);
        machine.write(NicLayout.ICS, 1 << 20);

        assertThat(messages()).isZero();
        assertThat(machine.read(NicLayout.ICS) >>> 20 & 1).as("pending").isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0x4, true", "0x40, true", "0x200, true", "0x80, false", "0x1, false"})
    void theRestIsOneCause(String cause, boolean other) {
        table(0x800a_0908L);
        machine.write(NicLayout.IMS, 1 << 24);
        machine.write(NicLayout.ICS, Long.decode(cause));

        assertThat(machine.read(NicLayout.ICS) >>> 24 & 1).isEqualTo(other ? 1 : 0);
        assertThat(vectors()).isEqualTo(other ? List.of(2) : List.of());
    }

    @Test
    void whatWasPendingIsToldWhenItIsEnabled() {
        table(0x800a_0908L);
        machine.write(NicLayout.ICS, 1 << 22);
        assertThat(messages()).isZero();
        machine.write(NicLayout.IMS, 1 << 20);
        assertThat(messages()).as("another").isZero();
        machine.write(NicLayout.IMS, 1 << 22);

        assertThat(vectors()).containsExactly(1);
    }

    @Test
    void vectorsAreThrottledEachByItsOwnRegister() {
        table(0x800a_0908L);
        machine.write(NicLayout.eitr(0), 4000);
        machine.write(NicLayout.IMS, 0x0050_0000L);
        for (int i = 0; i < 4; i++) {
            machine.write(NicLayout.ICS, 0x0050_0000L);
        }
        assertThat(messages()).as("1 and 4").isEqualTo(5);
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.run(10 * MILLI);

        assertThat(messages()).as("what was held back is forgotten").isEqualTo(5);
    }
}
