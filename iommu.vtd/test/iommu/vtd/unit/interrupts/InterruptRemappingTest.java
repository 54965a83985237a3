// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.interrupts;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Message;
import iommu.api.unit.Interrupt;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.FaultRecording;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Interrupt requests: formats, checks in the manual's order, faults, and the stale entry cache. */
class InterruptRemappingTest {

    private static final int SOURCE = 0x0528;
    /** 256 entries. */
    private static final int SIZE_FIELD = 7;

    private Bench bench;
    private long table;

    @BeforeEach
    void remappingIsOn() {
        use(Bench.legacy());
    }

    private void use(Bench other) {
        bench = other;
        table = bench.page();
        bench.write(VtdRegisters.IRTA, table | SIZE_FIELD);
        bench.command(GlobalCommand.SIRTP.mask());
        bench.command(GlobalCommand.IRE.mask());
    }

    private void useExtended() {
        use(Bench.legacy(Bench.CAP, Bench.ECAP | ExtendedCapability.EIM.mask(), Map.of()));
        bench.write(VtdRegisters.IRTA, table | 1 << 11 | SIZE_FIELD);
        bench.command(GlobalCommand.SIRTP.mask());
    }

    /** The address of a request in remappable format without sub-handle. */
    private static long remappable(int index) {
        return 0xfee0_0000L | (long) (index & 0x7fff) << 5 | 1 << 4 | (long) (index >>> 15) << 2;
    }

    private static long withSubHandle(int index) {
        return remappable(index) | 1 << 3;
    }

    private void raw(int index, long q0, long q1) {
        bench.memory.write64(table + 16L * index, q0);
        bench.memory.write64(table + 16L * index + 8, q1);
    }

    /** A present entry for {@link #SOURCE} alone. */
    private void entry(int index, int vector, int destination) {
        raw(index, 1 | (long) vector << 16 | (long) destination << 40, SOURCE | 1 << 18);
    }

    private long request(long address, int data) {
        return bench.unit.interrupt(SOURCE, address, data);
    }

    private void blockedWith(int reason, long outcome) {
        assertThat(Interrupt.isBlocked(outcome)).isTrue();
        assertThat(Interrupt.reason(outcome)).isEqualTo(reason);
    }

    @Test
    void whileRemappingIsOffEveryRequestPasses() {
        bench.write(VtdRegisters.GCMD, bench.persistent() & ~GlobalCommand.IRE.mask());

        assertThat(Interrupt.isUnchanged(request(remappable(300), 0x41))).isTrue();
        assertThat(Interrupt.isUnchanged(request(0xfee0_0000L, 0x41))).isTrue();
    }

    @Test
    void theFirstMessageLeadsToTheFirstRemappedEntryOfTheSourceAlone() {
        assertThat(bench.unit.firstMessage(SOURCE)).isNull();
        raw(2, 1 | 0x31L << 16, 0);                            // anybody's
        raw(3, 1 | 0x32L << 16, 0x0530 | 1 << 18);             // another's
        raw(4, 1 | 1 << 15 | 0x33L << 16, SOURCE | 1 << 18);   // posted
        raw(5, 0x34L << 16, SOURCE | 1 << 18);                 // not present
        entry(200, 0x35, 1);
        entry(201, 0x36, 1);

        Message message = bench.unit.firstMessage(SOURCE);

        assertThat(message).isEqualTo(new Message(remappable(200), 0));
        assertThat(Interrupt.vector(request(message.address(), message.data()))).isEqualTo(0x35);
        bench.write(VtdRegisters.GCMD, bench.persistent() & ~GlobalCommand.IRE.mask());
        assertThat(bench.unit.firstMessage(SOURCE)).as("nothing is remapped").isNull();
    }

    @Test
    void theEntryDecidesVectorAndDestination() {
        long q0 = 1 | 1 << 2 | 1 << 4 | 4L << 5 | 0x41L << 16 | 0x12L << 40;
        raw(3, q0, SOURCE | 1 << 18);

        long outcome = request(remappable(3), 0x99);

        assertThat(Interrupt.vector(outcome)).isEqualTo(0x41);
        assertThat(Interrupt.destination(outcome)).isEqualTo(0x12);
        assertThat(Interrupt.deliveryMode(outcome)).isEqualTo(4);
        assertThat(Interrupt.isLogical(outcome)).isTrue();
        assertThat(Interrupt.isLevel(outcome)).isTrue();
        assertThat(bench.blocked).isEmpty();
    }

    @Test
    void theSubHandleIsAddedOnlyWithShv() {
        entry(3, 0x43, 0);
        entry(5, 0x45, 0);

        assertThat(Interrupt.vector(request(withSubHandle(3), 2))).isEqualTo(0x45);
        assertThat(Interrupt.vector(request(remappable(3), 2))).isEqualTo(0x43);
    }

    @Test
    void theFifteenthBitOfTheHandleLiesApart() {
        use(Bench.legacy());
        bench.write(VtdRegisters.IRTA, 0x200_0000L | 0xf);
        bench.command(GlobalCommand.SIRTP.mask());
        bench.memory.write64(0x200_0000L + 16L * 0x8005, 1 | 0x77L << 16);
        bench.memory.write64(0x200_0000L + 16L * 0x8005 + 8, 0);

        assertThat(Interrupt.vector(request(remappable(0x8005), 0))).isEqualTo(0x77);
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, true"})
    void compatibilityFormatPassesOnlyWithCfi(boolean cfi, boolean passes) {
        bench.write(VtdRegisters.GCMD, bench.persistent() | (cfi ? GlobalCommand.CFI.mask() : 0));

        long outcome = request(0xfee0_1000L, 0x31);

        assertThat(Interrupt.isUnchanged(outcome)).isEqualTo(passes);
        if (!passes) {
            blockedWith(0x25, outcome);
        }
    }

    @Test
    void compatibilityFormatNeverPassesInExtendedMode() {
        useExtended();
        bench.write(VtdRegisters.GCMD, bench.persistent() | GlobalCommand.CFI.mask());

        blockedWith(0x25, request(0xfee0_1000L, 0x31));
    }

    @Test
    void extendedModeHasDestinationsOf32Bits() {
        useExtended();
        raw(4, 1 | 0x50L << 16 | 0x8765_4321L << 32, 0);

        assertThat(Interrupt.destination(request(remappable(4), 0))).isEqualTo(0x8765_4321L);
    }

    @Test
    void reservedDataOfASubHandleRequestIsAFault() {
        blockedWith(0x20, request(withSubHandle(3), 1 << 16));
    }

    @ParameterizedTest
    @CsvSource({"255, 0x22", "256, 0x21", "300, 0x21"})
    void theIndexMustLieInTheTable(int index, String reason) {
        raw(255, 0, 0);

        blockedWith(Integer.decode(reason), request(remappable(index), 0));
    }

    @Test
    void aTableOutsideMemoryIsAFault() {
        bench.write(VtdRegisters.IRTA, Bench.OUTSIDE | SIZE_FIELD);
        bench.command(GlobalCommand.SIRTP.mask());

        blockedWith(0x23, request(remappable(1), 0));
    }

    @ParameterizedTest
    @CsvSource({"0x1000, 0x0", "0x4000, 0x0", "0x1000000, 0x0", "0x100000000, 0x0",
        "0x1000000000000, 0x0", "0x0, 0x100000", "0x0, 0x8000000000000000", "0x0, 0xc0000"})
    void reservedBitsOfTheEntryAreAFault(String low, String high) {
        raw(6, 1 | Long.decode(low), Long.parseUnsignedLong(high.substring(2), 16));

        blockedWith(0x24, request(remappable(6), 0));
    }

    @ParameterizedTest
    @CsvSource({
        // validation, qualifier, source id of the entry, passes for 05:05.0
        "0, 0, 0x9999, true", "1, 0, 0x0528, true", "1, 0, 0x0529, false",
        "1, 1, 0x052c, true", "1, 1, 0x0529, false", "1, 2, 0x052e, true", "1, 2, 0x0529, false",
        "1, 3, 0x052f, true", "1, 3, 0x0530, false", "2, 0, 0x0006, true", "2, 0, 0x0505, true",
        "2, 0, 0x0608, false", "2, 0, 0x0004, false"})
    void theSourceIsVerifiedAsTheEntrySays(int svt, int sq, String sid, boolean passes) {
        raw(7, 1 | 0x60L << 16, Integer.decode(sid) | (long) sq << 16 | (long) svt << 18);

        long outcome = request(remappable(7), 0);

        if (passes) {
            assertThat(Interrupt.vector(outcome)).isEqualTo(0x60);
        } else {
            blockedWith(0x26, outcome);
        }
    }

    @Test
    void theRecordHoldsIndexSourceAndReason() {
        raw(0x85, 0, 0);

        request(remappable(0x85), 0);

        long low = bench.read(VtdRegisters.faultRecordLow(bench.cap, 0));
        long high = bench.read(VtdRegisters.faultRecordHigh(bench.cap, 0));
        assertThat(low).isEqualTo(0x85L << 48);
        assertThat(FaultRecording.SID.of(high)).isEqualTo(SOURCE);
        assertThat(FaultRecording.FR.of(high)).isEqualTo(0x22);
        assertThat(FaultRecording.F.isSet(high)).isTrue();
        assertThat(bench.recorded).containsExactly(true);
    }

    @Test
    void anEntryMayDisableTheRecordingOfItsFaults() {
        raw(9, 2, 0);

        blockedWith(0x22, request(remappable(9), 0));

        assertThat(bench.recorded).containsExactly(false);
        assertThat(FaultRecording.F.isSet(
                bench.read(VtdRegisters.faultRecordHigh(bench.cap, 0)))).isFalse();
    }

    @Test
    void postedEntriesNeedPostedInterrupts() {
        long q0 = 1 | 1 << 15 | 0x41L << 16 | 0x12345L << 38;
        raw(10, q0, 1L << 32);
        blockedWith(0x24, request(remappable(10), 0));

        use(Bench.legacy(Capability.PI.with(Bench.CAP, 1), Bench.ECAP, Map.of()));
        raw(10, q0, 1L << 32);

        long outcome = request(remappable(10), 0);
        assertThat(Interrupt.isPosted(outcome)).isTrue();
        assertThat(Interrupt.descriptor(outcome)).isEqualTo(0x1_0000_0000L | 0x12345L << 6);
    }

    @Test
    void aCachedEntryStaysUntilItIsInvalidated() {
        entry(3, 0x43, 0);
        request(remappable(3), 0);
        entry(3, 0x44, 0);
        assertThat(Interrupt.vector(request(remappable(3), 0))).as("stale").isEqualTo(0x43);

        invalidate(1L << 4 | 2L << 32, 0);
        assertThat(Interrupt.vector(request(remappable(3), 0))).as("another's").isEqualTo(0x43);
        invalidate(1L << 4 | 2L << 32, 1);

        assertThat(Interrupt.vector(request(remappable(3), 0))).isEqualTo(0x44);
    }

    @Test
    void aGlobalInvalidationDropsEveryEntry() {
        entry(3, 0x43, 0);
        request(remappable(3), 0);
        entry(3, 0x44, 0);

        invalidate(0, 0);

        assertThat(Interrupt.vector(request(remappable(3), 0))).isEqualTo(0x44);
        assertThat(bench.invalidated).contains("interrupt-entry-cache, global");
    }

    @Test
    void anAbsentEntryIsNotCached() {
        raw(3, 0, 0);
        blockedWith(0x22, request(remappable(3), 0));
        entry(3, 0x44, 0);

        assertThat(Interrupt.vector(request(remappable(3), 0))).isEqualTo(0x44);
    }

    @Test
    void switchingTablesFlushesNothingUnlessTheUnitSaysSo() {
        entry(3, 0x43, 0);
        request(remappable(3), 0);
        entry(3, 0x44, 0);
        bench.command(GlobalCommand.SIRTP.mask());
        assertThat(Interrupt.vector(request(remappable(3), 0))).isEqualTo(0x43);

        use(Bench.legacy(Capability.ESIRTPS.with(Bench.CAP, 1), Bench.ECAP, Map.of()));
        entry(3, 0x43, 0);
        request(remappable(3), 0);
        entry(3, 0x44, 0);
        bench.command(GlobalCommand.SIRTP.mask());
        assertThat(Interrupt.vector(request(remappable(3), 0))).isEqualTo(0x44);
    }

    private long queue;
    private long tail;

    /** Posts one interrupt-entry-cache descriptor and lets the unit work it off. */
    private void invalidate(long fields, int mask) {
        if (queue == 0) {
            queue = bench.page();
            bench.write(VtdRegisters.IQA, queue);
            bench.command(GlobalCommand.QIE.mask());
        }
        bench.memory.write64(queue + tail, 4 | fields | (long) mask << 27);
        bench.memory.write64(queue + tail + 8, 0);
        tail += 16;
        bench.write(VtdRegisters.IQT, tail);
    }
}
