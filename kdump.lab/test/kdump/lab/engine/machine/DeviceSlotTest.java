// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.trace.Trace.Level;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a device has of its machine: whatever it does is told as work on what it names. */
class DeviceSlotTest {

    private static final int NOBODY = Trace.NOBODY;

    private final Stage stage = Stage.idle();
    private final Machine machine = stage.machine(Level.KEEP);
    private final Trace trace = machine.trace();
    private final DeviceSlot slot = machine.slot(
            machine.functionsWithDevice().get(0).requesterId());
    private final DeviceSlot other = machine.slot(
            machine.functionsWithDevice().get(1).requesterId());

    private Event append() {
        return trace.event(trace.append(EventKind.DMA_READ, slot.function().requesterId()));
    }

    @Test
    void whatADeviceDoesAfterARequestIsBecauseOfIt() {
        int token = slot.request(41);
        Event request = trace.event(trace.size() - 1);
        assertThat(request.kind()).isEqualTo(EventKind.REQUEST);
        assertThat(request.actor()).isEqualTo(slot.function().requesterId());
        assertThat(request.a()).isEqualTo(41);
        assertThat(request.b()).isEqualTo(token);
        assertThat(append().parent()).isEqualTo(request.id());
    }

    @Seeds
    void resumedItIsBecauseOfThatRequestAgain(long seed) {
        var random = new RandomStream(seed, "requests");
        List<Integer> tokens = new ArrayList<>();
        List<Integer> events = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            if (tokens.isEmpty() || random.oneIn(3)) {
                tokens.add(slot.request(i));
                events.add(trace.size() - 1);
                assertThat(append().parent()).isEqualTo(events.get(events.size() - 1));
            } else {
                int which = random.nextInt(tokens.size());
                slot.resume(tokens.get(which));
                Event resumed = trace.event(trace.size() - 1);
                assertThat(resumed.kind()).isEqualTo(EventKind.RESUMED);
                assertThat(resumed.b()).isEqualTo((long) tokens.get(which));
                assertThat(append().parent()).isEqualTo(events.get(which));
            }
        }
        assertThat(tokens).doesNotHaveDuplicates().doesNotContain(0);
    }

    private static List<UnitDescription.Scope> scope(int requester) {
        return List.of(new UnitDescription.Scope(requester, 1, 0));
    }

    /** And of what is reserved for others nothing. */
    @ParameterizedTest
    @CsvSource({"0, true", "0xffc, true", "0xffd, false", "-1, false", "0x1000, false",
        "0x8000, false"})
    void firmwareReachesWhatIsReservedForTheDevice(String offset, boolean reached) {
        int mine = slot.function().requesterId();
        long start = 0x10_0000;
        Stage reserving = new Stage(machine.description().withReservedRegions(List.of(
                new ReservedRegion(new AddressRange(start, start + 0x1000), scope(mine)),
                new ReservedRegion(new AddressRange(start + 0x8000, start + 0x9000),
                        scope(other.function().requesterId())))), Fixture.SERVICES,
                RunOptions.ofSeed(7));
        DeviceSlot firmware = reserving.machine(Level.COUNT).slot(mine);
        long address = start + Long.decode(offset);
        byte[] read = new byte[4];
        if (reached) {
            firmware.writeReserved(address, new byte[] {1, 2, 3, 4}, 0, 4);
            firmware.readReserved(address, read, 0, 4);
            assertThat(read).containsExactly(1, 2, 3, 4);
            assertThat(reserving.memory().read32(address)).isEqualTo(0x0403_0201);
        } else {
            assertThatIllegalArgumentException().isThrownBy(
                    () -> firmware.writeReserved(address, new byte[4], 0, 4))
                    .withMessageContaining("4 bytes, are not reserved for");
            assertThatIllegalArgumentException().isThrownBy(
                    () -> firmware.readReserved(address, read, 0, 4));
        }
    }

    @Test
    void tokensOfTwoDevicesAreTheirOwn() {
        int mine = slot.request(1);
        int event = trace.size() - 1;
        int theirs = other.request(1);
        int otherEvent = trace.size() - 1;
        slot.resume(mine);
        assertThat(append().parent()).isEqualTo(event);
        other.resume(theirs);
        assertThat(append().parent()).isEqualTo(otherEvent);
    }

    @Test
    void whatTheClockRunsIsNobodysUntilTheDeviceNamesARequest() {
        int token = slot.request(3);
        int event = trace.size() - 1;
        List<Integer> parents = new ArrayList<>();
        slot.schedule(10, () -> {
            parents.add(append().parent());
            slot.resume(token);
            parents.add(append().parent());
        });
        machine.queue().advance(10);
        assertThat(parents).containsExactly(0, event);
        assertThat(append().parent()).as("outside of the clock's work").isEqualTo(event);
    }

    @Test
    void atLevelCountTokensAreGivenAndNothingIsKept() {
        Machine counting = stage.machine(Level.COUNT);
        DeviceSlot device = counting.slot(slot.function().requesterId());
        int before = counting.trace().size();
        int first = device.request(1);
        int second = device.request(2);
        device.resume(first);
        device.dropped();
        assertThat(second).isNotEqualTo(first);
        assertThat(counting.trace().size()).isEqualTo(before);
        assertThat(counting.trace().parent()).isZero();
    }

    // ---- media ----------------------------------------------------------------------------------

    @Test
    void blocksComeBackAndFramesDoNot() {
        machine.media().keep();
        byte[] pattern = fetch(slot, Medium.BLOCKS, 5);
        byte[] written = new byte[64];
        written[0] = 1;
        for (Medium medium : Medium.values()) {
            slot.store(medium, 5, written, 0, written.length);
            Event event = trace.event(trace.size() - 1);
            assertThat(event.kind()).isEqualTo(EventKind.MEDIUM_WRITE);
            assertThat(event.a()).isEqualTo(5);
            assertThat(event.b()).isEqualTo((long) medium.ordinal() << 32 | 64);
        }
        assertThat(fetch(slot, Medium.BLOCKS, 5)).isEqualTo(written);
        assertThat(fetch(slot, Medium.FRAMES, 5)).isEqualTo(pattern);
        assertThat(fetch(slot, Medium.BLOCKS, 6)).isNotEqualTo(written).isNotEqualTo(pattern);
    }

    @Test
    void everyDeviceAndEverySeedHasAPatternOfItsOwn() {
        byte[] mine = fetch(slot, Medium.FRAMES, 9);
        assertThat(fetch(slot, Medium.FRAMES, 9)).isEqualTo(mine);
        assertThat(fetch(other, Medium.FRAMES, 9)).isNotEqualTo(mine);
        Machine again = new Stage("vtd1", RunOptions.ofSeed(8).withRateFactor(0))
                .machine(Level.COUNT);
        assertThat(fetch(again.slot(slot.function().requesterId()), Medium.FRAMES, 9))
                .isNotEqualTo(mine);
    }

    private static byte[] fetch(DeviceSlot from, Medium medium, long position) {
        byte[] bytes = new byte[64];
        from.fetch(medium, position, bytes, 0, bytes.length);
        return bytes;
    }

    // ---- options --------------------------------------------------------------------------------

    @Test
    void optionsAreThoseOfThisFunction() {
        int id = slot.function().requesterId();
        Machine asked = new Stage(machine.description(), machine.services(), RunOptions.ofSeed(7)
                .withRateFactor(0).withCrashAt(123)).machine(Level.COUNT);
        assertThat(asked.slot(id).option(DeviceContext.CRASH_NANOS, 5)).isEqualTo(123);
        assertThat(asked.slot(id).option("whatever", 5)).isEqualTo(5);

        var setup = new DeviceSetup(7, 123, Map.of(id, Map.of("x", 9L)), Map.of());
        Machine two = new Machine(machine.description(), machine.reservation(), stage.memory(),
                machine.services(), new RunStorage(), Level.COUNT, setup);
        assertThat(two.slot(id).option("x", 5)).isEqualTo(9);
        assertThat(two.slot(other.function().requesterId()).option("x", 5)).isEqualTo(5);
    }

    @Test
    void noMediumIsFasterThanItsModelSays() {
        int id = slot.function().requesterId();
        var load = new Workload(1000, false, 500, 512, List.of(), List.of(), List.of(), List.of(),
                null);
        var busy = new DeviceSetup(7, 123, Map.of(), Map.of(id, load));
        assertThat(busy.option(id, DeviceContext.MEDIUM_NANOS, 0)).isEqualTo(1_000_000);
        assertThat(busy.option(id, DeviceContext.MEDIUM_NANOS, 20_000_000)).isEqualTo(20_000_000);
        var asked = new DeviceSetup(7, 123, Map.of(id, Map.of(DeviceContext.MEDIUM_NANOS, 5L)),
                Map.of(id, load));
        assertThat(asked.option(id, DeviceContext.MEDIUM_NANOS, 20_000_000)).isEqualTo(5);
    }

    @Test
    void aDropIsAnEventOfTheFunction() {
        slot.dropped();
        Event event = trace.event(trace.size() - 1);
        assertThat(event.kind()).isEqualTo(EventKind.DEVICE_RESET);
        assertThat(event.actor()).isEqualTo(slot.function().requesterId()).isNotEqualTo(NOBODY);
    }

    // ---- broken interrupts ----------------------------------------------------------------------

    /** A machine that crashes at 1000 ns, one of whose devices was asked for something. */
    private Machine broken(String option, long value) {
        int id = slot.function().requesterId();
        return new Machine(machine.description(), machine.reservation(), stage.memory(),
                machine.services(), new RunStorage(), Level.KEEP,
                new DeviceSetup(7, 1000, Map.of(id, Map.of(option, value)), Map.of()));
    }

    private DeviceSlot mine(Machine of) {
        return of.slot(slot.function().requesterId());
    }

    private static boolean isRaised(DeviceSlot of) {
        return (of.function().readConfig(6, 2) & 8) != 0;
    }

    /** Switches messages off, so that what is raised is seen by the pin. */
    private static void withoutMessages(DeviceSlot of) {
        for (int id : new int[] {Capabilities.MSI, Capabilities.MSI_X}) {
            int at = Capabilities.find(of.function()::readConfig, id);
            if (at != 0) {
                of.function().writeConfig(at + 2, 2, 0);
            }
        }
    }

    @Test
    void anInterruptIsStuckFromItsInstantOn() {
        Machine of = broken(InterruptFaults.STUCK_FROM, 500);
        withoutMessages(mine(of));
        of.queue().advance(499);
        assertThat(isRaised(mine(of))).isFalse();
        of.queue().advance(1);
        assertThat(isRaised(mine(of))).isTrue();
        mine(of).interrupts().lower();
        assertThat(isRaised(mine(of))).isTrue();
    }

    /** One at the crash, and one every microsecond from then on, until the device is reset. */
    @Test
    void aStormBeginsAtTheCrashAndEndsWithAReset() {
        Machine of = broken(InterruptFaults.STORM_NANOS, 1000);
        withoutMessages(mine(of));
        var counted = new int[1];
        Runnable look = () -> {
            counted[0] += isRaised(mine(of)) ? 1 : 0;
            mine(of).interrupts().lower();
        };
        mine(of).dropped(); // before the crash that ends nothing
        of.queue().advance(999);
        look.run();
        assertThat(counted[0]).isZero();
        for (int i = 0; i < 10; i++) {
            of.queue().advance(i == 0 ? 1 : 1000);
            look.run();
        }
        assertThat(counted[0]).isEqualTo(10);
        mine(of).dropped();
        of.queue().advance(2000);
        look.run();
        assertThat(counted[0]).isEqualTo(10);
        assertThat(of.queue().pending()).as("it plans nothing more").isZero();
    }

    @ParameterizedTest
    @CsvSource({"interruptStuckFromNanos, -1, interruptStuckFromNanos = -1",
        "interruptStormNanos, -1, 'interruptStormNanos = -1, expected 0 or at least 1000'",
        "interruptStormNanos, 999, 'interruptStormNanos = 999, expected 0 or at least 1000'"})
    void aTimeThatCannotBeIsRefused(String option, long value, String words) {
        assertThatIllegalArgumentException().isThrownBy(() -> broken(option, value))
                .withMessage(words);
    }

    @Test
    void everyDeviceKnowsThem() {
        assertThat(machine.functionsWithDevice()).allMatch(f -> machine.slot(f.requesterId())
                .options().containsAll(InterruptFaults.OPTIONS));
    }
}
