// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciMachine.DATA;
import static devices.pcie.xhci.XhciMachine.DCBAA;
import static devices.pcie.xhci.XhciMachine.INPUT;
import static devices.pcie.xhci.XhciMachine.OUTPUT;
import static devices.pcie.xhci.XhciMachine.RINGS;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.xhci.XhciMachine.Event;
import iommu.testkit.Request;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Slot and endpoint states against commands, doorbells and kinds of blocks.
 *
 * <p>Source: xHCI 1.1, figures "Slot State Diagram" and "Endpoint State Diagram"; "TRB Completion
 * Codes".
 */
class SlotStatesTest {

    private static final int BLOCK_SET_ADDRESS = 1 << 9;
    private static final int DECONFIGURE = 1 << 9;
    private static final int IOC = 0x20;

    private final XhciMachine m = new XhciMachine(Map.of());

    /** Has one command done; returns its completion code. */
    private int command(int type, long control, long parameter) {
        m.put(0, parameter, 0, type << 10 | control | 1L << 24);
        m.ring(0, 0);
        var events = m.events();
        assertThat(events).as("one answer").isNotEmpty();
        return events.get(events.size() - 1).code();
    }

    private void slotIn(String state) {
        switch (state) {
            case "disabled" -> m.start();
            case "enabled" -> {
                m.start();
                m.memory.write64(DCBAA + 8, OUTPUT);
                m.command(9, 0, 0);
                context();
            }
            case "default" -> {
                slotIn("enabled");
                assertThat(command(11, BLOCK_SET_ADDRESS, INPUT)).isEqualTo(1);
            }
            case "addressed" -> m.addressed();
            default -> m.configured();
        }
        m.events();
    }

    /** An input context that addresses the device at port 1. */
    private void context() {
        m.input(0, 3);
        m.memory.write64(INPUT + 32, 0x0840_0000L | 1L << 48);
        m.endpoint(1, 4, 512);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "disabled,   disable slot,       10, 0,      11",
        "disabled,   address device,     11, 0,      11",
        "disabled,   configure endpoint, 12, 0,      11",
        "disabled,   evaluate context,   13, 0,      11",
        "disabled,   reset endpoint,     14, 0x10000, 11",
        "disabled,   stop endpoint,      15, 0x10000, 11",
        "disabled,   set TR dequeue,     16, 0x10000, 11",
        "disabled,   reset device,       17, 0,      11",
        "disabled,   no op,              23, 0,      1",
        "enabled,    address device,     11, 0,      1",
        "enabled,    the same with BSR,  11, 0x200,  1",
        "enabled,    configure endpoint, 12, 0,      19",
        "enabled,    deconfigure,        12, 0x200,  19",
        "enabled,    evaluate context,   13, 0,      19",
        "enabled,    reset endpoint,     14, 0x10000, 19",
        "enabled,    stop endpoint,      15, 0x10000, 19",
        "enabled,    set TR dequeue,     16, 0x10000, 19",
        "enabled,    reset device,       17, 0,      19",
        "enabled,    disable slot,       10, 0,      1",
        "enabled,    force event,        18, 0,      5",
        "enabled,    get bandwidth,      21, 0,      5",
        "enabled,    vendor,             48, 0,      5",
        "default,    address device,     11, 0,      1",
        "default,    the same with BSR,  11, 0x200,  19",
        "default,    evaluate context,   13, 0,      1",
        "default,    configure endpoint, 12, 0,      19",
        "default,    deconfigure,        12, 0x200,  19",
        "default,    reset device,       17, 0,      19",
        "default,    stop endpoint 1,    15, 0x10000, 1",
        "default,    stop endpoint 2,    15, 0x20000, 19",
        "default,    disable slot,       10, 0,      1",
        "addressed,  address device,     11, 0,      19",
        "addressed,  the same with BSR,  11, 0x200,  19",
        "addressed,  configure endpoint, 12, 0,      1",
        "addressed,  evaluate context,   13, 0,      1",
        "addressed,  reset endpoint 1,   14, 0x10000, 19",
        "addressed,  stop endpoint 1,    15, 0x10000, 1",
        "addressed,  stop endpoint 3,    15, 0x30000, 19",
        "addressed,  set TR dequeue 1,   16, 0x10000, 19",
        "addressed,  reset device,       17, 0,      1",
        "addressed,  disable slot,       10, 0,      1",
        "configured, address device,     11, 0,      19",
        "configured, deconfigure,        12, 0x200,  1",
        "configured, configure endpoint, 12, 0,      1",
        "configured, evaluate context,   13, 0,      1",
        "configured, stop endpoint 3,    15, 0x30000, 1",
        "configured, stop endpoint 5,    15, 0x50000, 19",
        "configured, reset device,       17, 0,      1",
        "configured, disable slot,       10, 0,      1"})
    void aCommandIsAnswered(String state, String name, int type, String control, int code) {
        slotIn(state);
        m.input(0, 0);
        assertThat(command(type, Long.decode(control), INPUT)).isEqualTo(code);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "enabled,    11, 0x200, 1", "enabled,    11, 0,     2", "default,    11, 0,     2",
        "addressed,  12, 0,     3", "addressed,  17, 0,     1", "configured, 12, 0x200, 2",
        "configured, 12, 0,     3", "configured, 17, 0,     1", "configured, 13, 0,     3"})
    void itsContextTellsTheNewState(String state, int type, String control, int after) {
        slotIn(state);
        if (type != 11) {
            m.input(0, 0);
        }
        assertThat(command(type, Long.decode(control), INPUT)).isEqualTo(1);
        assertThat(m.slotState()).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({"0, 11", "1, 1", "8, 11", "9, 11", "255, 11"})
    void slotsAreOneToEightAndEnabledByName(int slot, int code) {
        slotIn("addressed");
        m.put(0, INPUT, 0, 13 << 10 | (long) slot << 24);
        m.ring(0, 0);
        assertThat(m.events()).containsExactly(
                new Event(33, code, 0, slot, 0, XhciMachine.COMMANDS + 32));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "7, 7", "8, 8", "9, 8", "255, 8"})
    void noMoreSlotsAreEnabledThanConfigured(int configured, int enabled) {
        m.start();
        m.events();
        m.write(0x78, configured);
        for (int i = 1; i <= enabled; i++) {
            Event event = m.command(9, 0, 0);
            assertThat(event.code()).isEqualTo(1);
            assertThat(event.slot()).isEqualTo(i);
        }
        assertThat(m.command(9, 0, 0).code()).as("no slots available").isEqualTo(9);
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "1, 1", "2, 4", "4, 4", "5, 4", "255, 4"})
    void aDeviceIsAddressedAtItsPortOnly(int port, int code) {
        slotIn("enabled");
        m.memory.write64(INPUT + 32, 0x0840_0000L | (long) port << 48);
        assertThat(command(11, 0, INPUT)).isEqualTo(code);
    }

    @Test
    void aDisabledPortHasNoDevice() {
        slotIn("enabled");
        m.write(XhciMachine.PORTSC, 2);
        assertThat(command(11, 0, INPUT)).isEqualTo(4);
    }

    @Test
    void aDisabledSlotHasNoEndpoints() {
        slotIn("configured");
        assertThat(command(10, 0, 0)).isEqualTo(1);
        m.root.clear();
        m.ring(1, 3);
        assertThat(m.root.requests()).isEmpty();
        assertThat(command(15, 0x3_0000, 0)).isEqualTo(11);
    }

    @Test
    void aDeconfiguredSlotKeepsItsControlEndpointAlone() {
        slotIn("configured");
        assertThat(command(12, DECONFIGURE, 0)).isEqualTo(1);
        assertThat(command(15, 0x3_0000, 0)).isEqualTo(19);
        assertThat(command(15, 0x7_0000, 0)).isEqualTo(19);
        assertThat(command(15, 0x1_0000, 0)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"1, 17", "2, 17", "3, 17", "8, 1", "0x88, 1", "0x80000000, 1"})
    void theControlContextsOfSlotAndEndpoint0AreNotDropped(String drop, int code) {
        slotIn("configured");
        m.input(Long.decode(drop).intValue(), 0);
        assertThat(command(12, 0, INPUT)).isEqualTo(code);
    }

    @Test
    void anEndpointThatIsDroppedAndAddedBeginsAnew() {
        slotIn("configured");
        assertThat(command(15, 0x3_0000, 0)).isEqualTo(1);
        assertThat(m.endpointState(3)).isEqualTo(3);
        m.input(1 << 3, 1 << 3);
        m.endpoint(3, 6, 1024);
        assertThat(command(12, 0, INPUT)).isEqualTo(1);
        assertThat(m.endpointState(3)).isEqualTo(1);
    }

    // ---- endpoints ------------------------------------------------------------------------------

    private void endpoint4In(String state) {
        m.configured();
        switch (state) {
            case "halted" -> {
                m.put(4, DATA, 31, 1 << 10);
                m.ring(1, 4);
            }
            case "stopped" -> assertThat(command(15, 0x4_0000, 0)).isEqualTo(1);
            case "error" -> {
                m.put(4, 0, 0, 20 << 10);
                m.ring(1, 4);
            }
            default -> assertThat(state).isEqualTo("running");
        }
        m.events();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "running, reset endpoint, 14, 19, 1", "running, stop endpoint,  15, 1,  3",
        "running, set TR dequeue, 16, 19, 1",
        "halted,  reset endpoint, 14, 1,  3", "halted,  stop endpoint,  15, 19, 2",
        "halted,  set TR dequeue, 16, 19, 2",
        "stopped, reset endpoint, 14, 19, 3", "stopped, stop endpoint,  15, 19, 3",
        "stopped, set TR dequeue, 16, 1,  3",
        "error,   reset endpoint, 14, 19, 4", "error,   stop endpoint,  15, 19, 4",
        "error,   set TR dequeue, 16, 1,  3"})
    void anEndpointObeysAsItsStateAllows(String state, String name, int type, int code,
            int after) {
        endpoint4In(state);
        assertThat(command(type, 0x4_0000, RINGS + 0x4801)).isEqualTo(code);
        assertThat(m.endpointState(4)).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({"running, 1, true", "halted, 2, false", "stopped, 1, true", "error, 4, false"})
    void itsDoorbellStartsARunningOrAStoppedOne(String state, int after, boolean reads) {
        endpoint4In(state);
        m.root.clear();
        m.ring(1, 4);
        assertThat(m.endpointState(4)).isEqualTo(after);
        assertThat(m.root.requests().stream().anyMatch(r -> r.kind() == Request.Kind.READ))
                .isEqualTo(reads);
    }

    @ParameterizedTest
    @CsvSource({"0x801, 0x801", "0x800, 0x800", "0x80e, 0x800", "0x80f, 0x801"})
    void aNewPlaceIsSixteenBytesAlignedWithItsCycleState(String given, String kept) {
        endpoint4In("stopped");
        assertThat(command(16, 0x4_0000, RINGS + 0x4000 + Long.decode(given))).isEqualTo(1);
        assertThat(m.memory.read64(OUTPUT + 4 * 32 + 8))
                .isEqualTo(RINGS + 0x4000 + Long.decode(kept));
    }

    /** Kinds of blocks on the control endpoint (1) and on a bulk one (4). */
    @ParameterizedTest
    @CsvSource({
        "1, 1,  normal,       1,  1", "1, 4,  status stage, 1,  1",
        "1, 8,  no op,        1,  1", "1, 5,  isoch,        5,  4",
        "1, 7,  event data,   5,  4", "1, 0,  reserved,     5,  4",
        "1, 23, command,      5,  4", "1, 32, event,        5,  4",
        "4, 2,  setup stage,  5,  4", "4, 8,  no op,        1,  1",
        "4, 9,  enable slot,  5,  4", "4, 63, vendor,       5,  4"})
    void aBlockIsOneOfATransferRing(int endpoint, int type, String name, int code, int after) {
        m.configured();
        m.events();
        m.put(endpoint, 0, 0, type << 10 | IOC);
        m.ring(1, endpoint);
        assertThat(m.events()).extracting(Event::code).containsExactly(code);
        assertThat(m.endpointState(endpoint)).isEqualTo(after);
    }

    @ParameterizedTest(name = "cycle {0}, consumer {1}")
    @CsvSource({"0, 0, true", "0, 1, false", "1, 0, false", "1, 1, true"})
    void aBlockIsTheControllersIfItsCycleBitIsTheConsumers(int bit, int state, boolean done) {
        endpoint4In("stopped");
        assertThat(command(16, 0x4_0000, RINGS + 0x4800 | state)).isEqualTo(1);
        m.memory.write64(RINGS + 0x4800, 0);
        m.memory.write64(RINGS + 0x4808, (8L << 10 | IOC | bit) << 32);
        m.memory.write64(RINGS + 0x4818, (1L ^ state) << 32);
        m.ring(1, 4);
        assertThat(m.events().size()).isEqualTo(done ? 1 : 0);
    }

    @ParameterizedTest(name = "toggle {0}")
    @CsvSource({"0", "1"})
    void aLinkTurnsTheCycleStateIfItSaysSo(int toggle) {
        endpoint4In("stopped");
        assertThat(command(16, 0x4_0000, RINGS + 0x4800 | 1)).isEqualTo(1);
        m.memory.write64(RINGS + 0x4800, RINGS + 0x4900);
        m.memory.write64(RINGS + 0x4808, (6L << 10 | toggle << 1 | 1) << 32);
        int cycle = toggle == 1 ? 0 : 1;
        m.memory.write64(RINGS + 0x4908, (8L << 10 | IOC | cycle) << 32);
        m.memory.write64(RINGS + 0x4918, (8L << 10 | IOC | cycle ^ 1) << 32);
        m.ring(1, 4);
        assertThat(m.events()).containsExactly(
                new Event(32, 1, 0, 1, 4, RINGS + 0x4900));
        assertThat(command(15, 0x4_0000, 0)).isEqualTo(1);
        assertThat(m.memory.read64(OUTPUT + 4 * 32 + 8)).isEqualTo(RINGS + 0x4910 | cycle);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 2", "6, 7", "7, 8", "8, 8", "9, 8", "20, 8"})
    void eightBlocksAreFetchedAtATime(int blocks, int reads) {
        m.configured();
        m.events();
        for (int i = 0; i < blocks; i++) {
            m.put(4, 0, 0, 8 << 10 | (i == blocks - 1 ? IOC : 0));
        }
        m.root.clear();
        m.write(XhciMachine.DOORBELLS + 4, 4);
        m.queue.advance(200);
        assertThat(m.root.requests()).filteredOn(r -> r.kind() == Request.Kind.READ)
                .hasSize(reads).allMatch(r -> r.value() == 16);
        m.settle();
        assertThat(m.events()).hasSize(blocks == 0 ? 0 : 1);
    }

    // ---- doorbells ------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"1, 3, true", "1, 0, false", "1, 5, false", "1, 31, false", "1, 32, false",
        "1, 255, false", "2, 3, false", "8, 3, false"})
    void aDoorbellReachesTheEndpointThatItNames(int slot, int target, boolean reads) {
        slotIn("configured");
        m.root.clear();
        m.ring(slot, target);
        assertThat(m.root.requests().isEmpty()).isEqualTo(!reads);
    }

    @ParameterizedTest
    @CsvSource({"0x1804, 1, false", "0x1804, 2, false", "0x1804, 4, true",
        "0x1824, 4, false", "0x17fc, 4, false"})
    void aDoorbellIsADword(String offset, int bytes, boolean reads) {
        slotIn("configured");
        m.root.clear();
        m.device.writeRegister(0, Integer.decode(offset), bytes, 3);
        m.settle();
        assertThat(m.root.requests().isEmpty()).isEqualTo(!reads);
    }

    /** Bit 0 of the flags stands for the slot, bit 1 for endpoint 0; others are none of its. */
    @ParameterizedTest(name = "flags {0}")
    @CsvSource({"0, 0, 0, 512", "1, 0x1234, 3, 512", "2, 0, 0, 64", "3, 0x1234, 3, 64",
        "4, 0, 0, 512", "0xfffffffc, 0, 0, 512"})
    void evaluationTakesWhatItIsFor(String flags, String latency, int interrupter, int packet) {
        slotIn("configured");
        m.input(0, Long.decode(flags).intValue());
        m.memory.write64(INPUT + 32, 0x1234L << 32 | 0xffff_0000_0000_0000L);
        m.memory.write64(INPUT + 40, 3L << 22);
        m.endpoint(1, 4, 64);
        long before = m.memory.read64(OUTPUT);
        assertThat(command(13, 0, INPUT)).isEqualTo(1);
        assertThat(m.memory.read64(OUTPUT) >>> 32 & 0xffff).as("exit latency")
                .isEqualTo(Long.decode(latency));
        assertThat(m.memory.read32(OUTPUT + 8) >>> 22).isEqualTo(interrupter);
        assertThat(m.memory.read32(OUTPUT + 36) >>> 16).as("largest packet").isEqualTo(packet);
        assertThat(m.memory.read64(OUTPUT) & ~0xffff_0000_0000L).as("all else")
                .isEqualTo(before & ~0xffff_0000_0000L);
        assertThat(m.slotState()).isEqualTo(3);
    }
}
