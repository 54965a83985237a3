// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.Capability;
import iommu.vtd.ContextEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProtectedMemoryTest {

    private static final long CAP =
            Capability.PHMR.with(Capability.PLMR.with(Bench.CAP, 1), 1);
    private static final long IOVA = 0x7000L;

    private static Bench bench(Map<String, Long> settings) {
        var bench = Bench.legacy(CAP, Bench.ECAP, settings);
        bench.write(VtdRegisters.PLMBASE, 0x20_0000L);
        bench.write(VtdRegisters.PLMLIMIT, 0x60_0000L);
        bench.write(VtdRegisters.PHMBASE, 0x1_0000_0000L);
        bench.write(VtdRegisters.PHMLIMIT, 0x1_0020_0000L);
        return bench;
    }

    private static void protect(Bench bench, boolean on) {
        bench.write(VtdRegisters.PMEN, on ? VtdRegisters.EPM.mask() : 0);
    }

    @Test
    void theStatusFollowsTheEnableBit() {
        var bench = bench(Map.of());
        protect(bench, true);
        assertThat(bench.read(VtdRegisters.PMEN)).isEqualTo(0x8000_0001L);
        protect(bench, false);
        assertThat(bench.read(VtdRegisters.PMEN)).isZero();
    }

    @Test
    void theAlignmentIsFoundByWritingOnes() {
        var bench = bench(Map.of("protectedMemoryAlignment", 24L));
        bench.write(VtdRegisters.PLMBASE, -1L);
        bench.write(VtdRegisters.PHMLIMIT, -1L);
        assertThat(bench.read(VtdRegisters.PLMBASE)).isEqualTo(0xff00_0000L);
        assertThat(bench.read(VtdRegisters.PHMLIMIT)).isEqualTo(0xffff_ffff_ff00_0000L);
    }

    /** Low bits of a base count as 0, those of a limit as 1. */
    @ParameterizedTest(name = "{0}: blocked {1}")
    @CsvSource({"0x1fffff, false", "0x200000, true", "0x7fffff, true", "0x800000, false",
        "0xffffffff, false", "0x100000000, true", "0x1003fffff, true", "0x100400000, false"})
    void untranslatedRequestsAreBlockedInBothRanges(long address, boolean blocked) {
        var bench = bench(Map.of());
        bench.disable();
        protect(bench, true);
        for (int access : new int[] {Access.READ, Access.WRITE}) {
            long t = bench.translate(address, access);
            assertThat(Translation.isBlocked(t)).isEqualTo(blocked);
            assertThat(Translation.isUntranslated(t)).isEqualTo(!blocked);
            assertThat(bench.unit.explain(Bench.DEVICE, address, access, WalkListener.NONE))
                    .isEqualTo(t);
        }
        protect(bench, false);
        assertThat(Translation.isUntranslated(bench.read(address))).isTrue();
    }

    @Test
    void nothingIsRecordedAndTheListenerHearsWhy() {
        var bench = bench(Map.of());
        bench.disable();
        protect(bench, true);
        bench.read(0x20_0000);
        assertThat(bench.recorded).containsExactly(false);
        assertThat(bench.blocked.get(0).key()).isEqualTo("vtd:protected");
        assertThat(bench.read(VtdRegisters.FSTS)).isZero();
        assertThat(bench.interrupts).isZero();
    }

    @Test
    void aLimitBelowTheBaseProtectsNothing() {
        var bench = bench(Map.of());
        bench.disable();
        bench.write(VtdRegisters.PLMLIMIT, 0);
        protect(bench, true);
        assertThat(Translation.isUntranslated(bench.read(0x20_0000))).isTrue();
        assertThat(Translation.isUntranslated(bench.read(0))).isTrue();
    }

    @Test
    void aRangeThatTheUnitHasNotProtectsNothing() {
        var bench = Bench.legacy(Capability.PHMR.with(Bench.CAP, 1), Bench.ECAP, Map.of());
        bench.disable();
        protect(bench, true);
        bench.write(VtdRegisters.PHMBASE, 0x1_0000_0000L);
        protect(bench, true);
        assertThat(Translation.isUntranslated(bench.read(0))).isTrue();
    }

    @Test
    void rangesChangedWhileProtectedCountFromTheNextWriteOfPmenOn() {
        var bench = bench(Map.of());
        bench.disable();
        protect(bench, true);
        bench.write(VtdRegisters.PLMLIMIT, 0x80_0000L);
        assertThat(Translation.isUntranslated(bench.read(0x80_0000))).isTrue();
        protect(bench, true);
        assertThat(Translation.isBlocked(bench.read(0x80_0000))).isTrue();
    }

    @ParameterizedTest(name = "setting {0}")
    @CsvSource({"0", "1"})
    void whatTablesSendThereIsBlockedWhereTheUnitSaysSo(long setting) {
        var bench = bench(Map.of("protectTranslated", setting));
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), IOVA, 0x40_0000, 3);
        bench.read(IOVA);
        protect(bench, true);
        for (int i = 0; i < 2; i++) {
            assertThat(Translation.isBlocked(bench.read(IOVA))).isEqualTo(setting == 1);
        }
        protect(bench, false);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(0x40_0000L);
    }

    @Test
    void passThroughIsAlwaysBlockedThere() {
        var bench = bench(Map.of());
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4, ContextEntry.TT_PASS_THROUGH, 0);
        assertThat(Translation.address(bench.read(0x40_0000))).isEqualTo(0x40_0000L);
        protect(bench, true);
        assertThat(Translation.isBlocked(bench.read(0x40_0000))).isTrue();
        assertThat(Translation.address(bench.read(0x80_0000))).isEqualTo(0x80_0000L);
        assertThat(bench.read(VtdRegisters.FSTS)).isZero();
    }

    @Test
    void theUnitsOwnTablesMayLieThere() {
        var bench = bench(Map.of());
        bench.write(VtdRegisters.PLMBASE, 0);
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), IOVA, 0x80_0000, 3);
        protect(bench, true);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(0x80_0000L);
    }
}
