// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciMachine.COMMANDS;
import static devices.pcie.xhci.XhciMachine.ERDP;
import static devices.pcie.xhci.XhciMachine.EVENTS;
import static devices.pcie.xhci.XhciMachine.IMAN;
import static devices.pcie.xhci.XhciMachine.TABLE;
import static devices.pcie.xhci.XhciMachine.USBCMD;
import static devices.pcie.xhci.XhciMachine.USBSTS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.testkit.Request;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The event ring against a model of it, and what is told of it.
 *
 * <p>Source: xHCI 1.1, "Event Ring Management", "Interrupt Pending (IP)", "Event Handler Busy".
 */
class EventRingTest {

    private static final int ERSTSZ = 0x1028;
    private static final int ERSTBA = 0x1030;

    private final XhciMachine m = new XhciMachine(Map.of()).start();

    /** Begins a ring of so many blocks, empty, at the place of events. */
    private void ring(int blocks) {
        m.memory.write64(TABLE, EVENTS);
        m.memory.write64(TABLE + 8, blocks);
        for (long at = EVENTS; at < EVENTS + 0x1000; at += 8) {
            m.memory.write64(at, 0);
        }
        m.write64(ERSTBA, TABLE);
        m.write64(ERDP, EVENTS | 8);
    }

    /** Has the controller do so many commands that do nothing. */
    private void commands(int count) {
        for (int i = 0; i < count; i++) {
            m.put(0, 0, 0, 23 << 10);
        }
        m.ring(0, 0);
    }

    private int control(int place) {
        return (int) (m.memory.read64(EVENTS + 16 * place + 8) >>> 32);
    }

    @ParameterizedTest
    @CsvSource({"16, true", "15, false", "0, false", "4096, true", "4097, false", "65535, false"})
    void aSegmentHas16To4096Blocks(int blocks, boolean works) {
        ring(blocks);
        commands(1);
        assertThat(m.read(USBSTS) & 0x1001).isEqualTo(works ? 0 : 0x1001);
        assertThat(control(0)).isEqualTo(works ? 33 << 10 | 1 : 0);
    }

    @ParameterizedTest
    @CsvSource({"16", "17", "20", "64"})
    void itIsFullWithAPlaceLeftForTheWorst(int blocks) {
        ring(blocks);
        commands(3 * blocks);
        for (int place = 0; place < blocks; place++) {
            assertThat(control(place)).as("place " + place)
                    .isEqualTo(place < blocks - 2 ? 33 << 10 | 1 : 0);
        }
    }

    /** Takes some events at a time; each is there once, in order, with the cycle of its round. */
    @ParameterizedTest(name = "{0} blocks, {1} at a time")
    @CsvSource({"16, 1", "16, 3", "16, 15", "17, 5", "23, 7"})
    void eachEventComesOnceInOrderRoundAfterRound(int blocks, int taken) {
        ring(blocks);
        commands(100);
        int place = 0;
        int cycle = 1;
        for (int next = 0; next < 100;) {
            for (int i = 0; i < taken && next < 100 && (control(place) & 1) == cycle; i++) {
                assertThat(m.memory.read64(EVENTS + 16 * place))
                        .isEqualTo(COMMANDS + 16 * next++);
                place = (place + 1) % blocks;
                cycle ^= place == 0 ? 1 : 0;
            }
            m.write64(ERDP, EVENTS + 16 * place | 8);
            m.settle();
        }
        assertThat(control(place) & 1).as("and no more").isNotEqualTo(cycle);
    }

    @Test
    void withoutASegmentTableThereAreNoEvents() {
        m.write(ERSTSZ, 0);
        ring(16);
        commands(1);
        assertThat(control(0)).isZero();
        assertThat(m.read(USBSTS) & 0x1005).as("and no error").isZero();
    }

    @Test
    void aSegmentTableThatCannotBeReadIsAHostSystemError() {
        m.root.refuse(new AddressRange(TABLE, TABLE + 16));
        ring(16);
        commands(1);
        assertThat(m.read(USBSTS) & 5).isEqualTo(5);
        assertThat(control(0)).isZero();
    }

    @Test
    void theTableIsReadOnceForEachWriteOfItsAddress() {
        ring(64);
        m.root.clear();
        commands(5);
        m.write64(ERSTBA, TABLE);
        commands(1);
        assertThat(m.root.requests()).filteredOn(r -> r.kind() == Request.Kind.READ
                && r.address() == TABLE).hasSize(2);
        assertThat(control(4)).as("before").isEqualTo(33 << 10 | 1);
        assertThat(m.memory.read64(EVENTS)).as("a new ring begins")
                .isEqualTo(COMMANDS + 16 * 5);
    }

    @ParameterizedTest(name = "IE {0}, INTE {1}")
    @CsvSource({"0, 0, false", "0, 1, false", "1, 0, false", "1, 1, true"})
    void anInterruptNeedsBothEnables(int interrupter, int controller, boolean pin) {
        ring(64);
        m.write(IMAN, 1 | interrupter << 1);
        m.write(USBCMD, 1 | controller << 2);
        assertThat(m.function.pinAsserted()).isFalse();
        commands(1);
        assertThat(m.read(IMAN) & 1).as("pending in any case").isEqualTo(1);
        assertThat(m.read(USBSTS) & 8).isEqualTo(8);
        assertThat(m.read(ERDP) & 8).isEqualTo(8);
        assertThat(m.function.pinAsserted()).isEqualTo(pin);
    }

    @Test
    void theThingsThatAreClearedAreClearedOneByOne() {
        commands(1);
        assertThat(List.of(m.read(IMAN), m.read(USBSTS) & 8, m.read(ERDP) & 8))
                .containsExactly(3L, 8L, 8L);
        m.write(USBSTS, 8);
        assertThat(List.of(m.read(IMAN), m.read(USBSTS) & 8, m.read(ERDP) & 8))
                .containsExactly(3L, 0L, 8L);
        m.write(IMAN, 3);
        assertThat(List.of(m.read(IMAN), m.read(USBSTS) & 8, m.read(ERDP) & 8))
                .containsExactly(2L, 0L, 8L);
        m.events();
        assertThat(List.of(m.read(IMAN), m.read(USBSTS) & 8, m.read(ERDP) & 8))
                .containsExactly(2L, 0L, 0L);
    }

    @Test
    void afterAResetTheRingIsUnknown() {
        commands(3);
        m.write(USBCMD, 2);
        m.settle();
        m.root.clear();
        m.write(USBCMD, 5);
        m.settle();
        assertThat(m.root.requests()).as("a port has changed, and nobody is told").isEmpty();
        assertThat(m.read(ERDP)).isZero();
        assertThat(m.read(IMAN)).isZero();
    }
}
