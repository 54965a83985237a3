// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.vtd.GlobalCommand;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.KernelQuirks;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InvalidationRingTest {

    private static final KernelQuirks WAYS = KernelQuirks.of(BenchKernel.profile("6.1"));

    private BenchKernel bench;
    private InvalidationRing ring;

    @BeforeEach
    void anEnabledQueue() {
        bench = BenchKernel.legacy();
        ring = new InvalidationRing(bench, new UnitRegisters(bench, true), WAYS);
        ring.enable();
    }

    private long word(int descriptor, int quadword) {
        long base = VtdRegisters.IQA_BASE.inPlace(bench.get(VtdRegisters.IQA));
        return bench.memory.read64(base + descriptor * 16 + quadword * 8);
    }

    @Test
    void eachRequestIsFollowedByAWaitForItsStatus() {
        ring.context(InvalidationDescriptor.SELECTIVE, 0xd, 0x400);
        assertThat(word(0, 0)).isEqualTo(0x0400_000d_0031L);
        assertThat(word(0, 1)).isZero();
        assertThat(word(1, 0)).isEqualTo(0x2_0000_0025L);
        assertThat((int) bench.memory.read64(word(1, 1))).isEqualTo(2);
        assertThat(bench.get(VtdRegisters.IQT)).isEqualTo(32);
        assertThat(bench.get(VtdRegisters.IQH)).isEqualTo(32);
    }

    @Test
    void iotlbRequestsDrainWhereTheUnitCan() {
        ring.iotlb(InvalidationDescriptor.SELECTIVE, 0xe, 0xfffb_2000L, 0, true);
        assertThat(word(0, 0)).isEqualTo(0x000e_00f2L);
        assertThat(word(0, 1)).isEqualTo(0xfffb_2040L);
    }

    @Test
    void theRingWrapsAround() {
        for (int i = 0; i < 300; i++) {
            ring.interruptEntries();
        }
        assertThat(bench.get(VtdRegisters.IQT)).isEqualTo(600 % 256 * 16);
        assertThat(bench.get(VtdRegisters.IQH)).isEqualTo(bench.get(VtdRegisters.IQT));
    }

    @Test
    void aDescriptorThatTheUnitRefusesIsReplacedAndTheQueueGoesOn() {
        ring.context(0, 0, 0);
        assertThat(bench.console).containsExactly(
                "DMAR: VT-d detected Invalidation Queue Error: Reason 4",
                "DMAR: QI HEAD: Context-cache Invalidation qw0 = 0x1, qw1 = 0x0",
                "DMAR: QI PRIOR: UNKNOWN qw0 = 0x0, qw1 = 0x0",
                "DMAR: Invalidation Queue Error (IQE) cleared");
        assertThat(VtdRegisters.IQE.isSet(bench.get(VtdRegisters.FSTS))).isFalse();
        assertThat(bench.get(VtdRegisters.IQH)).isEqualTo(32);
        ring.iotlb(InvalidationDescriptor.GLOBAL, 0, 0, 0, false);
        assertThat(bench.invalidated).containsExactly("IOTLB, global");
    }

    @Test
    void aQueueThatDoesNotMoveIsWaitedForWithoutEnd() {
        bench.deaf = true;
        long before = bench.now;
        assertThatThrownBy(() -> ring.interruptEntries())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("endless invalidation wait: the queue of the unit does not move");
        assertThat(bench.now - before).isGreaterThan(1_000_000_000L);
    }

    @Test
    void aScalableUnitGetsWideDescriptorsInTwoPages() {
        bench = BenchKernel.scalable();
        ring = new InvalidationRing(bench, new UnitRegisters(bench, true), WAYS);
        ring.enable();
        assertThat(bench.get(VtdRegisters.IQA) & 0xfff).isEqualTo(0x801);
        ring.pasidCache();
        assertThat(bench.get(VtdRegisters.IQT)).isEqualTo(64);
        assertThat(bench.invalidated).hasSize(1).first().asString().startsWith("PASID-cache");
    }

    @Test
    void aLeftOverQueueIsSwitchedOffOnceItIsEmpty() {
        ring.interruptEntries();
        bench.commands.clear();
        InvalidationRing.disableLeftOver(bench, new UnitRegisters(bench, true));
        assertThat(bench.commandValues()).containsExactly("0x00000000");
        assertThat(GlobalCommand.QIE.isSet(bench.get(VtdRegisters.GSTS))).isFalse();
        InvalidationRing.disableLeftOver(bench, new UnitRegisters(bench, true));
        assertThat(bench.commands).hasSize(1);
    }
}
