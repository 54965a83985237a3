// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.vtd.Capability;
import iommu.vtd.FaultRecording;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.VtdUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults recorded in memory. QEMU has no such log; the manual alone is held against. */
class AdvancedFaultLogTest {

    private static final long CAP = Bench.cap(Capability.AFL, 1);
    private static final int IN_PAGE = 256;
    private static final long F = FaultRecording.F.mask();

    private Bench bench;
    private long log;

    /** A unit that logs to 2^size pages of cleared memory. */
    private void use(int size, Map<String, Long> settings) {
        bench = Bench.legacy(CAP, Bench.ECAP, settings);
        log = bench.page();
        for (int i = 0; i < 1 << size; i++) {
            bench.page();
        }
        set(log, size);
        bench.command(GlobalCommand.EAFL.mask());
        bench.write(VtdRegisters.FECTL, 0);
    }

    private void use(int size) {
        use(size, Map.of());
    }

    private void set(long at, int size) {
        bench.write(VtdRegisters.AFLOG, at | (long) size << 9);
        bench.command(GlobalCommand.SFL.mask());
    }

    private void fault(int source) {
        bench.unit.translate(source, 0xffff_e7f4L, Access.READ);
    }

    private void faults(int count) {
        for (int i = 0; i < count; i++) {
            fault(i);
        }
    }

    private long low(int index) {
        return bench.memory.read64(log + 16L * index);
    }

    private long high(int index) {
        return bench.memory.read64(log + 16L * index + 8);
    }

    private long status() {
        return bench.read(VtdRegisters.FSTS);
    }

    @ParameterizedTest(name = "{0} pages of records, size field {1}")
    @CsvSource({"1, 0", "2, 1", "4, 2", "8, 3"})
    void theLogHoldsAsManyRecordsAsItsPagesTake(int pages, int size) {
        use(size);
        faults(pages * IN_PAGE);
        assertThat(status()).isEqualTo(VtdRegisters.APF.mask());
        for (int i = 0; i < pages * IN_PAGE; i++) {
            assertThat(FaultRecording.SID.of(high(i))).isEqualTo(i);
        }
        assertThat(bench.recorded).doesNotContain(false);
        fault(1);
        assertThat(status()).isEqualTo(VtdRegisters.APF.mask() | VtdRegisters.AFO.mask());
        assertThat(bench.recorded.get(pages * IN_PAGE)).as("the one too many").isFalse();
        assertThat(bench.memory.read64(log + (long) pages * 4096)).as("behind the log").isZero();
    }

    @Test
    void aRecordHasTheFormOfAFaultRecordingRegisterAndThoseStayEmpty() {
        use(0);
        bench.context(0x600, 8, 4);
        bench.unit.translate(0x600, 0xffff_e7f4L, Access.READ);
        assertThat(low(0)).isEqualTo(0xffff_e000L);
        assertThat(high(0)).isEqualTo(0x4000_0006_0000_0600L | F);
        assertThat(bench.read(VtdRegisters.faultRecordHigh(CAP, 0))).isZero();
        assertThat(status() & VtdRegisters.PPF.mask()).isZero();
        bench.unit.translate(0x600, 0x1000, Access.WRITE);
        assertThat(high(1)).isEqualTo(0x0000_0005_0000_0600L | F);
    }

    @Test
    void interruptFaultsGoThereToo() {
        use(0);
        bench.remapInterrupts();
        bench.unit.interrupt(0x108, 0xfee0_0010L | 3 << 5, 0);
        assertThat(low(0)).isEqualTo(3L << 48);
        assertThat(FaultRecording.FR.of(high(0))).isEqualTo(0x22);
    }

    @Test
    void faultsWhoseRecordingTheTablesDisableAreNotWritten() {
        use(0);
        bench.context(0x600, 8, 4);
        long at = bench.contextEntry(0x600);
        bench.memory.write64(at, bench.memory.read64(at) | 2);
        fault(0x600);
        assertThat(high(0)).isZero();
        assertThat(status()).isZero();
    }

    /** The index begins anew with each Set Fault Log. */
    @Test
    void anotherLogIsWrittenFromItsBeginningAndTheOldOneLeftAlone() {
        use(0);
        faults(3);
        long old = log;
        log = bench.page();
        set(log, 0);
        fault(7);
        assertThat(FaultRecording.SID.of(high(0))).isEqualTo(7);
        assertThat(bench.memory.read64(old + 16 * 3 + 8)).isZero();
    }

    @Test
    void theRegisterAloneMovesNothing() {
        use(0);
        bench.write(VtdRegisters.AFLOG, bench.page());
        fault(5);
        assertThat(FaultRecording.SID.of(high(0))).isEqualTo(5);
    }

    @ParameterizedTest(name = "commands {0}: status {1}")
    @CsvSource({"0x20000000, 0x20000000", "0x10000000, 0x10000000", "0x30000000, 0x30000000"})
    void theStatusFollowsTheCommands(String commands, String status) {
        bench = Bench.legacy(CAP, Bench.ECAP, Map.of());
        long before = bench.read(VtdRegisters.GSTS);
        bench.command(Long.decode(commands));
        assertThat(bench.read(VtdRegisters.GSTS)).isEqualTo(before | Long.decode(status));
        bench.write(VtdRegisters.GCMD, GlobalCommand.TE.mask());
        assertThat(bench.read(VtdRegisters.GSTS) & 0x1000_0000).as("AFLS").isZero();
    }

    @Test
    void aUnitWithoutTheFeatureDropsItsCommands() {
        bench = Bench.legacy();
        long before = bench.read(VtdRegisters.GSTS);
        bench.command(GlobalCommand.SFL.mask() | GlobalCommand.EAFL.mask());
        assertThat(bench.read(VtdRegisters.GSTS)).isEqualTo(before);
        fault(1);
        assertThat(bench.read(VtdRegisters.faultRecordHigh(CAP, 0)) & F).isNotZero();
    }

    @Test
    void switchedOffFaultsGoToTheRegistersAgain() {
        use(0);
        fault(1);
        bench.write(VtdRegisters.GCMD, bench.persistent() & ~GlobalCommand.EAFL.mask());
        fault(2);
        assertThat(high(1)).isZero();
        assertThat(FaultRecording.SID.of(bench.read(VtdRegisters.faultRecordHigh(CAP, 0))))
                .isEqualTo(2);
        assertThat(status()).isEqualTo(VtdRegisters.APF.mask() | VtdRegisters.PPF.mask());
    }

    // ---- events ---------------------------------------------------------------------------------

    @Test
    void theFirstRecordOfALogRaisesTheEventAndTheNextOnesDoNot() {
        use(0);
        faults(5);
        assertThat(bench.interrupts).isEqualTo(1);
        bench.write(VtdRegisters.FSTS, VtdRegisters.APF.mask());
        fault(9);
        assertThat(status()).as("not the first record").isZero();
        set(log, 0);
        fault(9);
        assertThat(status()).isEqualTo(VtdRegisters.APF.mask());
        assertThat(bench.interrupts).isEqualTo(2);
    }

    @Test
    void withTheSettingAnyRecordDoes() {
        use(0, Map.of("advancedPendingAtAnyRecord", 1L));
        faults(5);
        bench.write(VtdRegisters.FSTS, VtdRegisters.APF.mask());
        faults(2);
        assertThat(status()).isEqualTo(VtdRegisters.APF.mask());
        assertThat(bench.interrupts).isEqualTo(2);
    }

    @Test
    void underTheMaskTheEventPendsUntilTheStatusIsCleared() {
        use(0);
        bench.write(VtdRegisters.FECTL, VtdRegisters.IM.mask());
        fault(1);
        assertThat(bench.read(VtdRegisters.FECTL)).isEqualTo(0xc000_0000L);
        bench.write(VtdRegisters.FSTS, VtdRegisters.APF.mask());
        assertThat(bench.read(VtdRegisters.FECTL)).isEqualTo(0x8000_0000L);
        set(log, 0);
        fault(1);
        bench.write(VtdRegisters.FECTL, 0);
        assertThat(bench.interrupts).isEqualTo(1);
    }

    @ParameterizedTest(name = "APF cleared before: {0}; events {1}")
    @CsvSource({"false, 1", "true, 2"})
    void theOverflowRaisesAnEventUnlessAConditionIsPending(boolean cleared, int events) {
        use(0);
        faults(IN_PAGE);
        if (cleared) {
            bench.write(VtdRegisters.FSTS, VtdRegisters.APF.mask());
        }
        faults(3);
        assertThat(bench.interrupts).isEqualTo(events);
    }

    @Test
    void afterAnOverflowNothingIsRecordedUntilItIsCleared() {
        use(0);
        faults(IN_PAGE + 1);
        log = bench.page();
        set(log, 0);
        fault(3);
        assertThat(high(0)).isZero();
        bench.write(VtdRegisters.FSTS, VtdRegisters.AFO.mask());
        fault(4);
        assertThat(FaultRecording.SID.of(high(0))).isEqualTo(4);
    }

    // ---- what manuals leave open ----------------------------------------------------------------

    @Test
    void withTheSettingTheLogGoesOnAtItsBeginningWhereSoftwareHasClearedIt() {
        use(0, Map.of("advancedLogWraps", 1L));
        faults(IN_PAGE);
        fault(0x77);
        assertThat(status() & VtdRegisters.AFO.mask()).as("still pending").isNotZero();
        bench.write(VtdRegisters.FSTS, VtdRegisters.AFO.mask() | VtdRegisters.APF.mask());
        bench.memory.write64(log + 8, 0);
        fault(0x77);
        assertThat(FaultRecording.SID.of(high(0))).isEqualTo(0x77);
        assertThat(status()).isEqualTo(VtdRegisters.APF.mask());
    }

    @ParameterizedTest(name = "log set at {0}")
    @CsvSource({"-1", "0x10000000000"})
    void withoutMemoryForItAFaultIsLost(String at) {
        bench = Bench.legacy(CAP, Bench.ECAP, Map.of());
        if (!at.equals("-1")) {
            set(Long.decode(at), 0);
        }
        bench.command(GlobalCommand.EAFL.mask());
        fault(1);
        assertThat(bench.recorded).containsExactly(false);
        assertThat(status()).isZero();
        assertThat(bench.memory.read64(8)).as("not to address 0").isEqualTo(untouched(8));
    }

    private static long untouched(long at) {
        return Bench.legacy().memory.read64(at);
    }

    @Test
    void aCapturedLogGoesOnBehindItsRecords() {
        use(0);
        faults(3);
        var words = new TreeMap<Integer, Integer>();
        for (int offset : new int[] {0x08, 0x0c, 0x10, 0x14, 0x1c, 0x20, 0x34, 0x58}) {
            words.put(offset, (int) bench.unit.readRegister(offset, 4));
        }
        var again = new VtdUnit(new iommu.api.profile.UnitProfile("vtd", "again", 0xfed9_0000L,
                words, Map.of()), bench.memory);
        again.translate(0x55, 0x1000, Access.READ);
        List<Long> sources = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            sources.add(FaultRecording.F.isSet(high(i)) ? FaultRecording.SID.of(high(i)) : -1);
        }
        assertThat(sources).containsExactly(0L, 1L, 2L, 0x55L, -1L);
    }
}
