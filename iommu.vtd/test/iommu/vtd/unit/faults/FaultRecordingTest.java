// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.vtd.Capability;
import iommu.vtd.FaultRecording;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultRecordingTest {

    private static final long F = FaultRecording.F.mask();
    private static final int BRIDGE = 0x0600;

    private Bench bench;

    @BeforeEach
    void oneRecord() {
        use(Bench.legacy());
    }

    private void use(Bench newBench) {
        bench = newBench;
    }

    private void records(int count) {
        use(Bench.legacy(Bench.cap(Capability.NFR, count - 1), Bench.ECAP, Map.of()));
    }

    private void fault(int source) {
        bench.unit.translate(source, 0xffff_e7f4L, Access.READ);
    }

    private long high(int index) {
        return bench.read(VtdRegisters.faultRecordHigh(bench.cap, index));
    }

    private long low(int index) {
        return bench.read(VtdRegisters.faultRecordLow(bench.cap, index));
    }

    private long status() {
        return bench.read(VtdRegisters.FSTS);
    }

    private void clear(int index) {
        bench.unit.writeRegister(0x220 + 16 * index + 12, 4, 0x8000_0000L);
    }

    @Test
    void aRecordHasThePageTheSourceTheTypeAndTheReason() {
        bench.context(BRIDGE, 8, 4);
        bench.unit.translate(BRIDGE, 0xffff_e7f4L, Access.READ);
        assertThat(low(0)).isEqualTo(0xffff_e000L);
        assertThat(high(0)).isEqualTo(0x4000_0006_0000_0600L | F);
    }

    @Test
    void aWriteHasType0() {
        bench.context(0x200, 8, 4);
        bench.unit.translate(0x200, 0xffff_c014L, Access.WRITE);
        assertThat(low(0)).isEqualTo(0xffff_c000L);
        assertThat(high(0)).isEqualTo(0x0000_0005_0000_0200L | F);
    }

    @Test
    void withTheEmulatorsQuirksScalableRecordsAreThoseOfTheRecording() {
        use(Bench.scalable(Map.of("qemuRecordPasid", 1L, "scalableLegacyReasons", 1L)));
        bench.pasid(BRIDGE, 8, 0);
        bench.unit.translate(BRIDGE, 0xffff_e800L, Access.READ);
        assertThat(low(0)).isEqualTo(0xffff_e000L);
        assertThat(high(0)).isEqualTo(0x4000_0006_8000_0600L | F);
        clear(0);
        bench.pasid(0x200, 9, 0);
        bench.unit.translate(0x200, 0xffff_c014L, Access.WRITE);
        assertThat(low(0)).isEqualTo(0xffff_c000L);
        assertThat(high(0)).isEqualTo(0x0000_0005_8000_0200L | F);
    }

    @Test
    void withTheEmulatorsQuirkLegacyRecordsHavePasidFfffNotPresent() {
        use(Bench.legacy(Bench.CAP, Bench.ECAP, Map.of("qemuRecordPasid", 1L)));
        bench.context(0x200, 8, 4);
        bench.unit.translate(0x200, 0xffff_c014L, Access.WRITE);
        assertThat(high(0)).isEqualTo(0x00ff_ff05_0000_0200L | F);
    }

    @Test
    void withTheEmulatorsQuirkRecordsOfBadContextsHaveNoPasid() {
        use(Bench.legacy(Bench.CAP, Bench.ECAP, Map.of("qemuRecordPasid", 1L)));
        fault(BRIDGE);
        assertThat(FaultRecording.PV.of(high(0))).isZero();
        use(Bench.scalable(Map.of("qemuRecordPasid", 1L)));
        fault(BRIDGE);
        assertThat(FaultRecording.PV.of(high(0))).isZero();
        assertThat(FaultRecording.PP.isSet(high(0))).isFalse();
    }

    @Test
    void theFirstFaultSetsPendingAndItsIndex() {
        records(4);
        assertThat(status()).isZero();
        fault(1);
        assertThat(status()).isEqualTo(2);
        clear(0);
        assertThat(status()).isZero();
        fault(2);
        assertThat(status()).isEqualTo(1 << 8 | 2);
    }

    @Test
    void recordsAreFilledInTurnAndOverflowIsNoted() {
        records(3);
        for (int source = 1; source <= 5; source++) {
            fault(source);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(FaultRecording.SID.of(high(i))).isEqualTo(i + 1);
        }
        assertThat(status()).isEqualTo(3);
        assertThat(bench.recorded).containsExactly(true, true, true, false, false);
    }

    @Test
    void theIndexWrapsAroundAndTellsTheFirstPendingRecord() {
        records(3);
        for (int source = 1; source <= 2; source++) {
            fault(source);
            clear(source - 1);
        }
        for (int source = 3; source <= 5; source++) {
            fault(source);
        }
        assertThat(status()).isEqualTo(2 << 8 | 2);
        assertThat(FaultRecording.SID.of(high(2))).isEqualTo(3);
        assertThat(FaultRecording.SID.of(high(0))).isEqualTo(4);
        assertThat(FaultRecording.SID.of(high(1))).isEqualTo(5);
        fault(6);
        assertThat(status()).isEqualTo(2 << 8 | 3);
        clear(2);
        clear(0);
        clear(1);
        bench.write(VtdRegisters.FSTS, 1);
        fault(7);
        assertThat(status()).isEqualTo(2 << 8 | 2);
        assertThat(FaultRecording.SID.of(high(2))).isEqualTo(7);
    }

    @Test
    void theOverflowAlsoPendsUntilItIsServiced() {
        bench.write(VtdRegisters.FECTL, VtdRegisters.IM.mask());
        fault(1);
        fault(2);
        clear(0);
        assertThat(bench.read(VtdRegisters.FECTL)).isEqualTo(0xc000_0000L);
        bench.write(VtdRegisters.FSTS, 1);
        assertThat(bench.read(VtdRegisters.FECTL)).isEqualTo(0x8000_0000L);
    }

    @Test
    void whileTheOverflowIsSetNothingIsRecordedEvenIfThereIsRoom() {
        fault(1);
        fault(2);
        clear(0);
        fault(3);
        assertThat(bench.recorded).containsExactly(true, false, false);
        assertThat(status()).isEqualTo(1);
        bench.write(VtdRegisters.FSTS, 1);
        fault(4);
        assertThat(FaultRecording.SID.of(high(0))).isEqualTo(4);
        assertThat(status()).isEqualTo(2);
    }

    @Test
    void pendingStandsUntilTheLastRecordIsCleared() {
        records(2);
        fault(1);
        fault(2);
        clear(0);
        assertThat(VtdRegisters.PPF.isSet(status())).isTrue();
        clear(1);
        assertThat(VtdRegisters.PPF.isSet(status())).isFalse();
        assertThat(FaultRecording.SID.of(high(1))).as("only F is cleared").isEqualTo(2);
    }

    @Test
    void pendingCannotBeWritten() {
        fault(1);
        bench.write(VtdRegisters.FSTS, 0xffff_ffffL);
        assertThat(status()).isEqualTo(2);
        bench.unit.writeRegister(0x220, 8, 0);
        assertThat(low(0)).isEqualTo(0xffff_e000L);
    }

    @Test
    void theInterruptIsSentWhenPendingIsSetAndNotAgainWhileItIs() {
        records(4);
        bench.write(VtdRegisters.FECTL, 0);
        fault(1);
        fault(2);
        assertThat(bench.interrupts).isEqualTo(1);
        clear(0);
        clear(1);
        fault(3);
        assertThat(bench.interrupts).isEqualTo(2);
    }

    @Test
    void underTheMaskTheInterruptPendsUntilItIsUnmasked() {
        fault(1);
        assertThat(bench.interrupts).isZero();
        assertThat(bench.read(VtdRegisters.FECTL)).isEqualTo(0xc000_0000L);
        bench.write(VtdRegisters.FECTL, 0);
        assertThat(bench.interrupts).isEqualTo(1);
        assertThat(bench.read(VtdRegisters.FECTL)).isZero();
    }

    @Test
    void aPendingInterruptIsDroppedWhenEveryConditionIsServiced() {
        fault(1);
        clear(0);
        assertThat(bench.read(VtdRegisters.FECTL)).isEqualTo(0x8000_0000L);
        bench.write(VtdRegisters.FECTL, 0);
        assertThat(bench.interrupts).isZero();
    }

    @Test
    void faultsOfOneSourceMayBeCollapsed() {
        use(Bench.legacy(Bench.cap(Capability.NFR, 3), Bench.ECAP, Map.of("collapseFaults", 1L)));
        fault(1);
        fault(1);
        fault(2);
        assertThat(bench.recorded).containsExactly(true, false, true);
        assertThat(status()).isEqualTo(2);
        clear(0);
        fault(1);
        assertThat(FaultRecording.SID.of(high(2))).isEqualTo(1);
    }
}
