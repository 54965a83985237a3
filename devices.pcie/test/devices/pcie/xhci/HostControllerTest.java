// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciMachine.COMMANDS;
import static devices.pcie.xhci.XhciMachine.CRCR;
import static devices.pcie.xhci.XhciMachine.DATA;
import static devices.pcie.xhci.XhciMachine.ERDP;
import static devices.pcie.xhci.XhciMachine.EVENTS;
import static devices.pcie.xhci.XhciMachine.IMAN;
import static devices.pcie.xhci.XhciMachine.INPUT;
import static devices.pcie.xhci.XhciMachine.PORTSC;
import static devices.pcie.xhci.XhciMachine.USBCMD;
import static devices.pcie.xhci.XhciMachine.USBSTS;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import devices.pcie.xhci.XhciMachine.Event;
import iommu.api.memory.AddressRange;
import iommu.testkit.Request;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers, resets, commands and events of the controller. */
class HostControllerTest {

    private static final AddressRange ALL = new AddressRange(0, 16 << 20);
    private static final AddressRange NOWHERE = new AddressRange(16 << 20, 17 << 20);

    private XhciMachine m = new XhciMachine(Map.of());

    private static Event completion(int code, int slot, long parameter) {
        return new Event(33, code, 0, slot, 0, parameter);
    }

    // ---- registers ------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0x00, 0x01000040", "0x04, 0x04000208", "0x08, 0xf", "0x0c, 0", "0x10, 0x80001",
        "0x14, 0x1800", "0x18, 0x1000", "0x20, 0x03000402", "0x24, 0x20425355", "0x28, 0x401",
        "0x30, 0x10001", "0x44, 0x11", "0x48, 1", "0x440, 0x21203", "0x450, 0x2a0"})
    void itPowersUpHaltedWithItsLinkUp(String offset, String value) {
        assertThat(m.read(Integer.decode(offset))).isEqualTo((long) Long.decode(value));
    }

    @Test
    void beyondItsRegistersItReadsZeros() {
        assertThat(m.read(0x1800)).isZero();
        assertThat(m.read(0x3ffc)).isZero();
        assertThat(m.function.readRegister(0, 0, 1)).isEqualTo(0x40);
        assertThat(m.function.readRegister(0, 2, 2)).isEqualTo(0x100);
    }

    @Test
    void theMicroframeIndexRunsWhileItRuns() {
        m.queue.advance(1_000_000);
        assertThat(m.read(0x1000)).isZero();
        m.start();
        long before = m.read(0x1000);
        m.queue.advance(1_000_000);
        assertThat(m.read(0x1000) - before).isEqualTo(8);
    }

    @Test
    void aResetTakesItsTimeAndForgetsAllButWhoOwnsIt() {
        m.write(0x30, 0x101_0001);
        m.settle();
        m.start();
        m.write(USBCMD, 2);
        assertThat(m.read(USBCMD) & 2).isEqualTo(2);
        assertThat(m.read(USBSTS) & 0x801).isEqualTo(0x801);
        m.write(USBCMD, 1);
        m.settle();
        assertThat(m.read(USBCMD)).isZero();
        assertThat(m.read(USBSTS) & 0x805).isEqualTo(1);
        assertThat(m.read(0x30)).isEqualTo(0x100_0001);
        assertThat(m.context.resets()).isEqualTo(2);
        m.device.reset();
        assertThat(m.read(0x30)).isEqualTo(0x1_0001);
    }

    @Test
    void oneThatIgnoresItStaysInReset() {
        m = new XhciMachine(Map.of(DeviceOptions.IGNORES_RESET, 1L));
        m.write(USBCMD, 2);
        m.settle();
        assertThat(m.read(USBCMD)).isEqualTo(2);
        assertThat(m.context.resets()).isZero();
    }

    @Test
    void aPortResetTellsWhenItIsDone() {
        m.start();
        m.events();
        m.write(PORTSC, 0x210);
        assertThat(m.read(PORTSC) & 2).as("not enabled meanwhile").isZero();
        m.settle();
        assertThat(m.read(PORTSC) & 0x20_0003).isEqualTo(0x20_0003);
        assertThat(m.events()).containsExactly(new Event(34, 1, 0, 0, 0, 1 << 24));
        m.write(PORTSC, 0x22_0200);
        assertThat(m.read(PORTSC) & 0x22_0003).as("changes cleared").isEqualTo(3);
    }

    @Test
    void oneThatIsGoneReadsOnes() {
        m = new XhciMachine(Map.of(DeviceOptions.GONE_FROM_NANOS, 100L));
        assertThat(m.device.present()).isTrue();
        m.queue.advance(100);
        assertThat(m.device.present()).isFalse();
    }

    // ---- commands -------------------------------------------------------------------------------

    @Test
    void aCommandIsAnsweredByAnEvent() {
        m.start();
        assertThat(m.events()).containsExactly(new Event(34, 1, 0, 0, 0, 1 << 24));
        assertThat(m.command(23, 0, 0)).isEqualTo(completion(1, 0, COMMANDS));
        assertThat(m.command(9, 0, 0)).isEqualTo(completion(1, 1, COMMANDS + 16));
        assertThat(m.read(CRCR)).isEqualTo(8);
    }

    @Test
    void slotsRunOut() {
        m.start();
        for (int i = 1; i <= 8; i++) {
            assertThat(m.command(9, 0, 0).slot()).isEqualTo(i);
        }
        assertThat(m.command(9, 0, 0).code()).isEqualTo(9);
        assertThat(m.command(10, 3, 0).code()).isEqualTo(1);
        assertThat(m.command(9, 0, 0).slot()).isEqualTo(3);
        assertThat(m.command(10, 3, 0).code()).isEqualTo(1);
        assertThat(m.command(10, 3, 0).code()).isEqualTo(11);
    }

    @Test
    void aDeviceIsAddressedAndConfigured() {
        m.configured();
        assertThat(m.slotState()).isEqualTo(3);
        assertThat(List.of(m.endpointState(1), m.endpointState(3), m.endpointState(4),
                m.endpointState(7))).containsOnly(1);
        assertThat(m.command(17, 1, 0).code()).as("reset device").isEqualTo(1);
        assertThat(m.slotState()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"11, 0, 4", "12, 0, 19", "12, 1, 17", "14, 0, 19", "15, 0, 19", "16, 0, 19",
        "63, 0, 5", "17, 0, 19", "13, 0, 19"})
    void whatCannotBeDoneIsRefused(int type, int drop, int code) {
        if (drop != 0) {
            m.addressed();
            m.input(drop, 0);
        } else {
            m.start();
            m.command(9, 0, 0);
            m.memory.write64(INPUT + 32, 2L << 48);
        }
        assertThat(m.command(type, 1, INPUT).code()).isEqualTo(code);
    }

    @Test
    void anEndpointIsStoppedMovedAndStartedAgain() {
        m.configured();
        m.put(7, DATA, 8, 1 << 10 | 0x20);
        m.ring(1, 7);
        assertThat(m.events()).as("nobody types").isEmpty();
        m.put(0, 0, 0, 15 << 10 | 7 << 16 | 1L << 24);
        m.ring(0, 0);
        assertThat(m.events()).extracting(Event::code).containsExactly(26, 1);
        assertThat(m.endpointState(7)).isEqualTo(3);
        assertThat(m.memory.read64(XhciMachine.OUTPUT + 7 * 32 + 8))
                .as("what it held is to be fetched again").isEqualTo(XhciMachine.RINGS + 0x7001);
        m.put(0, XhciMachine.RINGS + 0x7801, 0, 16 << 10 | 7 << 16 | 1L << 24);
        m.ring(0, 0);
        assertThat(m.events()).extracting(Event::code).containsExactly(1);
        m.root.clear();
        m.ring(1, 7);
        assertThat(m.endpointState(7)).isEqualTo(1);
        assertThat(m.root.requests()).extracting(Request::address)
                .contains(XhciMachine.RINGS + 0x7800).doesNotContain(XhciMachine.RINGS + 0x7000);
    }

    @Test
    void aCommandRingThatIsAbortedStops() {
        m.start();
        m.command(23, 0, 0);
        m.write64(CRCR, 4);
        assertThat(m.read(CRCR)).isZero();
        assertThat(m.events()).containsExactly(completion(24, 0, COMMANDS + 16));
        assertThat(m.command(23, 0, 0).code()).isEqualTo(1);
    }

    @Test
    void linksLeadOnAndEndlessOnesNowhere() {
        m.start();
        m.events();
        m.put(0, COMMANDS + 0x400, 0, 6 << 10 | 2);
        m.memory.write64(COMMANDS + 0x408, (23L << 10) << 32);
        m.memory.write64(COMMANDS + 0x418, 1L << 32);
        m.ring(0, 0);
        assertThat(m.events()).containsExactly(completion(1, 0, COMMANDS + 0x400));
        m.start();
        m.memory.write64(COMMANDS, COMMANDS);
        m.memory.write64(COMMANDS + 8, (6L << 10 | 1) << 32);
        m.events();
        m.root.clear();
        m.ring(0, 0);
        assertThat(m.events()).isEmpty();
        assertThat(m.root.requests()).hasSize(9);
    }

    // ---- events ---------------------------------------------------------------------------------

    @Test
    void theEventRingWrapsAndIsNeverOverrun() {
        m.start();
        m.events();
        for (int i = 0; i < 100; i++) {
            m.put(0, 0, 0, 23 << 10);
        }
        m.ring(0, 0);
        List<Event> first = m.events();
        assertThat(first).as("one place is left, for the worst").hasSize(62);
        m.settle();
        assertThat(m.events()).hasSize(38);
        assertThat(m.read(USBSTS) & 0x1004).isZero();
    }

    @ParameterizedTest
    @CsvSource({"15, 0x1001", "4097, 0x1001"})
    void aSegmentOfAForbiddenSizeIsAnErrorOfTheController(int blocks, String status) {
        m.start();
        m.events();
        m.memory.write64(XhciMachine.TABLE + 8, blocks);
        m.write64(0x1030, XhciMachine.TABLE);
        m.put(0, 0, 0, 23 << 10);
        m.ring(0, 0);
        assertThat(m.read(USBSTS) & 0x1001).isEqualTo((long) Long.decode(status));
    }

    @Test
    void interruptsAreToldOnceUntilTheyAreHandled() {
        m.start();
        assertThat(m.function.pinAsserted()).isTrue();
        assertThat(m.read(IMAN)).isEqualTo(3);
        assertThat(m.read(ERDP) & 8).isEqualTo(8);
        m.write(IMAN, 3);
        assertThat(m.function.pinAsserted()).isFalse();
        m.put(0, 0, 0, 23 << 10);
        m.ring(0, 0);
        assertThat(m.function.pinAsserted()).as("the handler is busy").isFalse();
        m.write64(ERDP, EVENTS + 16 | 8);
        assertThat(m.function.pinAsserted()).as("there is another").isTrue();
        m.write(IMAN, 3);
        m.write(USBCMD, 1);
        m.write64(ERDP, EVENTS + 32 | 8);
        m.put(0, 0, 0, 23 << 10);
        m.ring(0, 0);
        assertThat(m.function.pinAsserted()).as("interrupts are off").isFalse();
        assertThat(m.read(USBSTS) & 8).isEqualTo(8);
    }

    // ---- what goes wrong ------------------------------------------------------------------------

    @Test
    void anAbortedReadIsAHostSystemErrorUntilAReset() {
        m.start();
        m.events();
        m.root.refuse(ALL);
        m.put(0, 0, 0, 23 << 10);
        m.ring(0, 0);
        assertThat(m.read(USBSTS) & 5).isEqualTo(5);
        assertThat(m.read(CRCR)).isZero();
        assertThat(m.read(USBCMD) & 1).isZero();
        m.root.refuse(NOWHERE);
        m.write(USBCMD, 5);
        assertThat(m.read(USBSTS) & 1).as("it does not start again").isEqualTo(1);
        m.start();
        m.events();
        assertThat(m.command(23, 0, 0).code()).isEqualTo(1);
    }

    @Test
    void oneThatWedgesNeedsAResetOfItsFunction() {
        m = new XhciMachine(Map.of(DeviceOptions.WEDGES_ON_ABORT, 1L));
        m.start();
        m.root.refuse(ALL);
        m.ring(0, 0);
        m.root.refuse(NOWHERE);
        m.write(USBCMD, 2);
        m.settle();
        assertThat(m.read(USBSTS) & 5).isEqualTo(5);
        m.device.reset();
        assertThat(m.read(USBSTS) & 5).isEqualTo(1);
        m.start();
        m.events();
        assertThat(m.command(23, 0, 0).code()).isEqualTo(1);
    }

    @Test
    void withBusMasteringOffItWaits() {
        m.start();
        m.events();
        m.function.writeConfig(4, 2, 2);
        m.put(0, 0, 0, 23 << 10);
        m.root.clear();
        m.ring(0, 0);
        assertThat(m.root.requests()).isEmpty();
        m.function.writeConfig(4, 2, 6);
        m.settle();
        assertThat(m.events()).containsExactly(completion(1, 0, COMMANDS));
    }

    @Test
    void haltedItDoesNothing() {
        m.start();
        m.events();
        m.write(USBCMD, 4);
        m.put(0, 0, 0, 23 << 10);
        m.root.clear();
        m.ring(0, 0);
        assertThat(m.root.requests()).isEmpty();
        assertThat(m.read(USBSTS) & 1).isEqualTo(1);
    }
}
