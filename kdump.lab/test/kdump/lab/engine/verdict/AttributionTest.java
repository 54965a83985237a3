// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.Phase;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.pcie.Access;
import iommu.api.pcie.Medium;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace.Level;
import java.util.stream.LongStream;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.DeviceSlot;
import kdump.lab.engine.run.Run;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Engines are idle here: every request is one that a test makes. */
class AttributionTest {

    private static final int BYTES = 24;

    private final Stage stage = Stage.idle();

    private Judged at(Phase phase, Level level) {
        return new Judged(stage, Judged.NOTHING, level).to(phase);
    }

    private Judged off(Level level) {
        return new Judged(stage, Judged.OFF, level).to(Phase.SETUP_ARCH);
    }

    private static long physical(Judged j, DeviceSlot engine, long iova) {
        return Stage.mappings(j.run.machine(), engine.function().requesterId()).get(iova);
    }

    private static void write(DeviceSlot engine, long address, byte[] bytes) {
        engine.dma().write(address, bytes, 0, bytes.length);
    }

    private static void read(DeviceSlot engine, long address, int bytes) {
        engine.dma().read(address, new byte[bytes], 0, bytes);
    }

    // ---- whose write ----------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Level.class)
    void whatGoesWhereTheCrashSentItIsLateAndLegitimate(Level level) {
        Judged j = at(Phase.SETUP_ARCH, level);
        DeviceSlot engine = j.engine();
        long iova = j.page(engine.function().requesterId());
        long at = physical(j, engine, iova);
        engine.request(1);
        write(engine, iova + 40, j.others(at + 40, BYTES));

        Verdict verdict = j.verdict();
        assertThat(verdict.lateLegitimateBytes()).isEqualTo(BYTES);
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(verdict.oldMemoryBytesChanged()).isZero();
        assertThat(j.attribution.owner(j.memory.causeOf(at + 40)))
                .isEqualTo(Owner.LATE_LEGITIMATE);
        assertThat(j.attribution.owner(j.memory.causeOf(at + 40 + BYTES)))
                .isEqualTo(Owner.NOBODY);
    }

    @ParameterizedTest
    @EnumSource(Level.class)
    void bytesThatAreWrittenAsTheyWereAreNotChanged(Level level) {
        Judged j = at(Phase.SETUP_ARCH, level);
        DeviceSlot engine = j.engine();
        long iova = j.page(engine.function().requesterId());
        byte[] same = new byte[BYTES];
        j.memory.read(physical(j, engine, iova), same, 0, BYTES);
        same[3] ^= 1;
        write(engine, iova, same);
        assertThat(j.verdict().lateLegitimateBytes()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(Level.class)
    void whatGoesElsewhereThanTheCrashSentItIsStray(Level level) {
        Judged j = off(level);
        DeviceSlot engine = j.engine();
        long iova = j.page(engine.function().requesterId());
        long elsewhere = oldMemory(j);
        engine.request(1);
        write(engine, elsewhere, j.others(elsewhere, BYTES));

        Verdict verdict = j.verdict();
        assertThat(verdict.dumpBytesStray()).isEqualTo(BYTES);
        assertThat(verdict.lateLegitimateBytes()).isZero();
        assertThat(verdict.reasons()).filteredOn(r -> r.startsWith("old memory's byte")).hasSize(3)
                .allMatch(r -> r.contains(" changed by write of 0000:")
                        && r.contains(" to bus address 0x" + Long.toHexString(elsewhere)));
        assertThat(iova).isNotEqualTo(elsewhere);
    }

    /** After its device dropped all work, a write into old memory is no late one. */
    @ParameterizedTest
    @EnumSource(Level.class)
    void aDeviceThatWasResetWritesForTheCaptureKernel(Level level) {
        Judged j = at(Phase.SETUP_ARCH, level);
        DeviceSlot engine = j.engine();
        long iova = j.page(engine.function().requesterId());
        long at = physical(j, engine, iova);
        engine.dropped();
        engine.request(1);
        write(engine, iova, j.others(at, BYTES));
        assertThat(j.attribution.owner(j.memory.causeOf(at))).isEqualTo(Owner.CAPTURE_DEVICE);
        assertThat(j.verdict().lateLegitimateBytes()).isZero();
        assertThat(j.verdict().dumpBytesStray()).isEqualTo(BYTES);
    }

    /** At level COUNT the same write, at other times, is one event. */
    @ParameterizedTest
    @EnumSource(Level.class)
    void theSameWriteHasAnotherOwnerAfterTheCrashAndAfterTheReset(Level level) {
        Judged j = new Judged(stage, Judged.NOTHING, level).to(Phase.RUNNING);
        DeviceSlot engine = j.engine();
        long iova = j.page(engine.function().requesterId());
        long at = physical(j, engine, iova);
        byte[] bytes = j.others(at, BYTES);
        write(engine, iova, bytes);
        assertThat(j.attribution.owner(j.memory.causeOf(at))).isEqualTo(Owner.NOBODY);
        j.to(Phase.SETUP_ARCH);
        for (int again = 0; again < 2; again++) {
            write(engine, iova, bytes);
            assertThat(j.attribution.owner(j.memory.causeOf(at)))
                    .isEqualTo(Owner.LATE_LEGITIMATE);
        }
        engine.dropped();
        for (int again = 0; again < 2; again++) {
            write(engine, iova, bytes);
            assertThat(j.attribution.owner(j.memory.causeOf(at)))
                    .isEqualTo(Owner.CAPTURE_DEVICE);
        }
    }

    @Test
    void aResetBeforeTheCrashSaysNothingAboutWorkAfterIt() {
        Judged j = new Judged(stage, Judged.NOTHING, Level.KEEP).to(Phase.RUNNING);
        DeviceSlot engine = j.engine();
        long iova = j.page(engine.function().requesterId());
        engine.dropped();
        j.to(Phase.SETUP_ARCH);
        long at = physical(j, engine, iova);
        write(engine, iova, j.others(at, BYTES));
        assertThat(j.verdict().lateLegitimateBytes()).isEqualTo(BYTES);
    }

    @Test
    void whatWasWrittenBeforeTheCrashIsPartOfIt() {
        Judged j = new Judged(stage, Judged.NOTHING, Level.KEEP).to(Phase.RUNNING);
        DeviceSlot engine = j.engine();
        long iova = j.page(engine.function().requesterId());
        write(engine, iova, j.others(physical(j, engine, iova), BYTES));
        j.to(Phase.SETUP_ARCH);
        Verdict verdict = j.verdict();
        assertThat(verdict.lateLegitimateBytes()).isZero();
        assertThat(verdict.dumpBytesStray()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Level.class)
    void theLastWriterOfAByteCounts(Level level) {
        Judged j = off(level);
        DeviceSlot engine = j.engine();
        long at = oldMemory(j);
        write(engine, at, j.others(at, BYTES));
        int before = j.memory.cause();
        j.memory.cause(1); // a phase: the capture kernel's own
        j.memory.write(at, j.others(at, 8), 0, 8);
        j.memory.write64(at, 0x5a5a_5a5a_a5a5_a5a5L ^ j.memory.read64(at));
        j.memory.cause(before);
        Verdict verdict = j.verdict();
        assertThat(verdict.oldMemoryBytesChanged() + verdict.dumpBytesStray())
                .isBetween((long) BYTES - 8, (long) BYTES);
        assertThat(verdict.dumpBytesStray()).isEqualTo(BYTES - 8);
    }

    @Test
    void whatNobodyAccountsForIsStrayToo() {
        Judged j = at(Phase.SETUP_ARCH, Level.COUNT);
        long at = oldMemory(j);
        byte[] others = j.others(at, 2);
        int before = j.memory.cause();
        j.memory.cause(0);
        j.memory.write(at, others, 0, 2);
        j.memory.cause(before);
        assertThat(j.verdict().dumpBytesStray()).isEqualTo(2);
        assertThat(j.verdict().reasons()).anyMatch(r -> r.endsWith("changed by nobody known"));
    }

    // ---- where untranslated requests land -------------------------------------------------------

    /** Returns memory of the crashed kernel's that its tables did not send the engine to. */
    private static long oldMemory(Judged j) {
        Run run = j.run;
        FunctionRecord f = j.attribution.function(j.engine().function().requesterId());
        return run.machine().description().memoryMap().ranges(MemoryKind.SYSTEM_RAM).stream()
                .flatMapToLong(r -> LongStream.iterate(r.start() + 4095 & -4096,
                        a -> a + 4096 <= r.end(), a -> a + 4096).limit(50_000))
                .filter(a -> a >= 1 << 20 && !run.machine().reservation().contains(a)
                        && j.attribution.crashTables().physicalAddress(f.unit, f.alias, a,
                                Access.READ) != a)
                .findFirst().orElseThrow();
    }

    private static long address(Judged j, Landing where) {
        Run run = j.run;
        return switch (where) {
            case CAPTURE_KERNEL -> run.image().start() + 0x3000;
            case OLD_MEMORY -> oldMemory(j);
            case FREE_MEMORY -> run.machine().reservation().end() - 0x10_0000;
            case MMIO -> run.machine().description().memoryMap().ranges(MemoryKind.MMIO).stream()
                    .mapToLong(AddressRange::start)
                    .filter(a -> !j.run.machine().platform().messages().contains(a)
                            && !j.memory.contains(a, 64)).findFirst().orElse(-1);
            case NOTHING -> 1L << 38;
        };
    }

    @ParameterizedTest
    @CsvSource({"CAPTURE_KERNEL", "OLD_MEMORY", "FREE_MEMORY", "MMIO", "NOTHING"})
    void anUntranslatedRequestIsCountedWhereItLands(Landing where) {
        for (Level level : Level.values()) {
            Judged j = off(level);
            DeviceSlot engine = j.engine();
            long at = address(j, where);
            engine.request(1);
            if (where == Landing.MMIO && at == -1) {
                continue; // the capture names no window
            }
            write(engine, at, new byte[] {1, 2, 3, 4});
            read(engine, at, 4);
            read(engine, at, 4);
            Verdict.Landed landed = j.verdict().untranslatedDma().landed();
            long[] counts = {landed.captureKernel(), landed.oldMemory(), landed.freeMemory(),
                landed.mmio(), landed.nothing()};
            long[] expected = new long[5];
            expected[where.ordinal()] = 3;
            assertThat(counts).isEqualTo(expected);
            assertThat(j.verdict().untranslatedDma().requests()).isEqualTo(3);
            assertThat(j.verdict().untranslatedDma().byRequester()).hasSize(1)
                    .containsValue(3L);
        }
    }

    @ParameterizedTest
    @CsvSource({"CAPTURE_KERNEL, corrupted", "FREE_MEMORY, ok", "OLD_MEMORY, ok"})
    void onlyWhatTheCaptureKernelOwnsCorruptsIt(Landing where, String kernel) {
        Judged j = off(Level.COUNT);
        long at = address(j, where);
        write(j.engine(), at, j.others(at, 8));
        Verdict verdict = j.verdict();
        assertThat(verdict.captureKernel()).isEqualTo(kernel);
        assertThat(verdict.reasons().contains("8 bytes of free memory of the capture kernel were"
                + " written by others")).isEqualTo(where == Landing.FREE_MEMORY);
        assertThat(verdict.dumpBytesStray()).isEqualTo(where == Landing.OLD_MEMORY ? 8 : 0);
    }

    @Test
    void afterAResetOnlyWhatNoRequestAsksForIsFirmwares() {
        Judged j = off(Level.KEEP);
        DeviceSlot engine = j.engine();
        long at = address(j, Landing.FREE_MEMORY);
        engine.dropped();
        j.run.machine().queue().schedule(0, () -> read(engine, at, 4));
        j.run.machine().queue().advance(0);
        assertThat(j.verdict().untranslatedDma().requests()).as("firmware").isEqualTo(1);
        j.run.machine().queue().schedule(0, () -> {
            engine.request(1);
            read(engine, at, 4);
        });
        j.run.machine().queue().advance(0);
        assertThat(j.verdict().untranslatedDma().requests()).as("own work").isEqualTo(1);
        j.run.machine().queue().schedule(0, () -> read(engine, at, 4));
        j.run.machine().queue().advance(0);
        assertThat(j.verdict().untranslatedDma().requests()).as("firmware again").isEqualTo(2);
    }

    // ---- media ----------------------------------------------------------------------------------

    private static void store(DeviceSlot engine, Medium medium, long position) {
        engine.store(medium, position, new byte[8], 0, 8);
    }

    @ParameterizedTest
    @EnumSource(Medium.class)
    void aRequestThatReadsWhereItWasMeantToIsRight(Medium medium) {
        Judged j = at(Phase.SETUP_ARCH, Level.COUNT);
        DeviceSlot engine = j.engine();
        engine.request(1);
        read(engine, j.page(engine.function().requesterId()), 64);
        store(engine, medium, 1);
        assertThat(j.verdict().mediaBlocksWrong() + j.verdict().framesWrong()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Medium.class)
    void aRequestThatReadsElsewhereIsWrongOnThatMedium(Medium medium) {
        Judged j = off(Level.KEEP);
        DeviceSlot engine = j.engine();
        engine.request(1);
        read(engine, oldMemory(j), 64);
        store(engine, medium, 1);
        store(engine, medium, 2);
        engine.request(2);
        store(engine, medium, 3);
        Verdict verdict = j.verdict();
        assertThat(verdict.mediaBlocksWrong()).isEqualTo(medium == Medium.BLOCKS ? 2 : 0);
        assertThat(verdict.framesWrong()).isEqualTo(medium == Medium.FRAMES ? 2 : 0);
    }

    @Test
    void aRequestThatIsResumedIsAsWrongAsItWas() {
        Judged j = off(Level.KEEP);
        DeviceSlot engine = j.engine();
        int wrong = engine.request(1);
        int right = engine.request(2);
        engine.resume(wrong);
        read(engine, oldMemory(j), 64);
        engine.resume(right);
        store(engine, Medium.BLOCKS, 2);
        assertThat(j.verdict().mediaBlocksWrong()).isZero();
        engine.resume(wrong);
        store(engine, Medium.BLOCKS, 1);
        assertThat(j.verdict().mediaBlocksWrong()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(Medium.class)
    void postedButNeverStoredIsLost(Medium medium) {
        Judged j = new Judged(stage, Judged.NOTHING, Level.COUNT).to(Phase.RUNNING);
        DeviceSlot engine = j.engine();
        int id = engine.function().requesterId();
        for (int number = 1; number <= 4; number++) {
            j.trace.append(EventKind.POSTED, id, number, medium.ordinal());
        }
        engine.request(1);
        store(engine, medium, 1);
        j.to(Phase.SETUP_ARCH);
        engine.request(3);
        store(engine, medium, 3);
        j.trace.append(EventKind.POSTED, id, 9, medium.ordinal());
        Verdict verdict = j.verdict();
        assertThat(verdict.mediaBlocksLost()).isEqualTo(medium == Medium.BLOCKS ? 2 : 0);
        assertThat(verdict.framesLost()).isEqualTo(medium == Medium.FRAMES ? 2 : 0);
        engine.dropped();
        engine.request(2);
        store(engine, medium, 2);
        assertThat(j.verdict()).as("numbers begin anew after a reset").isEqualTo(verdict);
    }

    @Test
    void whatWasResetBeforeTheCrashIsNotLost() {
        Judged j = new Judged(stage, Judged.NOTHING, Level.COUNT).to(Phase.RUNNING);
        DeviceSlot engine = j.engine();
        j.trace.append(EventKind.POSTED, engine.function().requesterId(), 1, 0);
        engine.dropped();
        j.to(Phase.SETUP_ARCH);
        assertThat(j.verdict().mediaBlocksLost()).isZero();
    }
}
