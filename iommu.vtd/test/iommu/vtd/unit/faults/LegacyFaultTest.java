// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.Capability;
import iommu.vtd.ContextEntry;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.FaultReason;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LegacyFaultTest {

    private static final long IOVA = 0xffff_e000L;
    private static final long PAGE = 0x45_6000;

    private static Bench mapped(long cap, long ecap, Map<String, Long> settings) {
        var bench = Bench.legacy(cap, ecap, settings);
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), IOVA, PAGE, 3);
        return bench;
    }

    private static Arguments row(int reason, String what, Consumer<Bench> damage) {
        return Arguments.of(reason, what, damage);
    }

    private static void or(Bench bench, long at, long bits) {
        bench.memory.write64(at, bench.memory.read64(at) | bits);
    }

    private static long leaf(Bench bench, int level) {
        long table = ContextEntry.SSPTPTR.inPlace(
                bench.memory.read64(bench.contextEntry(Bench.DEVICE)));
        return bench.entry(table, 4, IOVA, level);
    }

    static Stream<Arguments> rows() {
        return Stream.of(
                row(0x08, "root table outside memory", b -> {
                    b.write(VtdRegisters.RTADDR, Bench.OUTSIDE);
                    b.command(1L << 30);
                }),
                row(0x01, "root entry not present",
                        b -> b.memory.write64(b.rootEntry(Bench.DEVICE), 0)),
                row(0x0a, "root entry bit 1", b -> or(b, b.rootEntry(Bench.DEVICE), 2)),
                row(0x0a, "root entry bit 11", b -> or(b, b.rootEntry(Bench.DEVICE), 1 << 11)),
                row(0x0a, "root entry bit 52", b -> or(b, b.rootEntry(Bench.DEVICE), 1L << 52)),
                row(0x0a, "root entry bit 64", b -> or(b, b.rootEntry(Bench.DEVICE) + 8, 1)),
                row(0x09, "context table outside memory",
                        b -> b.memory.write64(b.rootEntry(Bench.DEVICE), Bench.OUTSIDE | 1)),
                row(0x02, "context entry not present",
                        b -> b.memory.write64(b.contextEntry(Bench.DEVICE), 0)),
                row(0x0b, "context entry bit 4", b -> or(b, b.contextEntry(Bench.DEVICE), 16)),
                row(0x0b, "context entry bit 11", b -> or(b, b.contextEntry(Bench.DEVICE), 2048)),
                row(0x0b, "context entry bit 71",
                        b -> or(b, b.contextEntry(Bench.DEVICE) + 8, 128)),
                row(0x0b, "context entry bit 88",
                        b -> or(b, b.contextEntry(Bench.DEVICE) + 8, 1L << 24)),
                row(0x03, "translation type 11b", b -> or(b, b.contextEntry(Bench.DEVICE), 3 << 2)),
                row(0x03, "translation type 01b without device TLBs",
                        b -> or(b, b.contextEntry(Bench.DEVICE), 1 << 2)),
                row(0x03, "width of 57 bits, not in SAGAW",
                        b -> or(b, b.contextEntry(Bench.DEVICE) + 8, 1)),
                row(0x03, "width code 7", b -> or(b, b.contextEntry(Bench.DEVICE) + 8, 7)),
                row(0x07, "page table outside memory, level 4", b -> {
                    long at = b.contextEntry(Bench.DEVICE);
                    b.memory.write64(at, Bench.OUTSIDE | 1);
                }),
                row(0x07, "page table outside memory, level 1",
                        b -> b.memory.write64(leaf(b, 2), Bench.OUTSIDE | 3)),
                row(0x06, "leaf not present", b -> b.memory.write64(leaf(b, 1), 0)),
                row(0x06, "leaf not present, other bits set",
                        b -> b.memory.write64(leaf(b, 1), PAGE | 1 << 11)),
                row(0x06, "level 3 not present", b -> b.memory.write64(leaf(b, 3), 0)),
                row(0x06, "leaf of writes only", b -> b.memory.write64(leaf(b, 1), PAGE | 2)),
                row(0x0c, "leaf bit 11 without snoop control", b -> or(b, leaf(b, 1), 1 << 11)),
                row(0x0c, "leaf bit 62 without device TLBs", b -> or(b, leaf(b, 1), 1L << 62)),
                row(0x0c, "bit 11 of a table pointer", b -> or(b, leaf(b, 2), 1 << 11)),
                row(0x0c, "page size at level 4", b -> or(b, leaf(b, 4), 1 << 7)),
                row(0x0c, "2 MiB page not aligned",
                        b -> b.memory.write64(leaf(b, 2), 0x20_1000 | 0x83)),
                row(0x0c, "1 GiB page not aligned",
                        b -> b.memory.write64(leaf(b, 3), 0x20_0000 | 0x83)),
                row(0x0e, "page in the interrupt range",
                        b -> b.memory.write64(leaf(b, 1), 0xfee0_1000L | 3)));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("rows")
    void aReadIsBlockedWithTheManualsReason(int reason, String what, Consumer<Bench> damage) {
        var bench = mapped(Bench.CAP, Bench.ECAP, Map.of());
        damage.accept(bench);
        long explained = bench.unit.explain(Bench.DEVICE, IOVA, Access.READ, WalkListener.NONE);
        assertThat(bench.blocked).as("explain records nothing").isEmpty();
        long t = bench.read(IOVA);
        assertThat(Translation.isBlocked(t)).as(what).isTrue();
        assertThat(Translation.reason(t)).as(what).isEqualTo(reason);
        assertThat(explained).isEqualTo(t);
        assertThat(bench.recorded).containsExactly(true);
        var fault = bench.blocked.get(0);
        assertThat(fault.requester()).isEqualTo(Bench.DEVICE);
        assertThat(fault.address()).isEqualTo(IOVA);
        assertThat(fault.access()).isEqualTo(Access.READ);
        assertThat(fault.key()).isEqualTo(String.format("vtd:0x%02x", reason));
        assertThat(fault.text()).isEqualTo(FaultReason.text(reason));
    }

    @Test
    void aWriteThatIsDeniedOrFindsNothingIsReason5() {
        var bench = mapped(Bench.CAP, Bench.ECAP, Map.of());
        bench.memory.write64(leaf(bench, 1), PAGE | 1);
        assertThat(Translation.reason(bench.write(IOVA))).isEqualTo(0x05);
        assertThat(Translation.reason(bench.write(IOVA + 0x1000))).isEqualTo(0x05);
        assertThat(bench.unit.fault(0x05).text()).isEqualTo("PTE Write access is not set");
    }

    @Test
    void anAddressBeyondTheTableOrTheUnitIsReason4() {
        var bench = Bench.legacy();
        bench.context(Bench.DEVICE, Bench.DOMAIN, 3);
        assertThat(Translation.reason(bench.read(1L << 39))).isEqualTo(0x04);
        assertThat(Translation.reason(bench.read(-4096L))).isEqualTo(0x04);
        bench.context(Bench.DEVICE + 8, Bench.DOMAIN, 4, ContextEntry.TT_PASS_THROUGH, 0);
        long beyond = bench.unit.translate(Bench.DEVICE + 8, 1L << 48, Access.READ);
        assertThat(Translation.reason(beyond)).isEqualTo(0x04);
    }

    @Test
    void theUnitsOwnWidthLimitsWiderTables() {
        var bench = mapped(Bench.cap(Capability.MGAW, 38), Bench.ECAP, Map.of());
        assertThat(Translation.isBlocked(bench.read(IOVA))).isFalse();
        assertThat(Translation.reason(bench.read(1L << 39))).isEqualTo(0x04);
    }

    @Test
    void passThroughWithoutTheCapabilityIsReason3() {
        long ecap = ExtendedCapability.PT.with(Bench.ECAP, 0);
        var bench = mapped(Bench.CAP, ecap, Map.of());
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4, ContextEntry.TT_PASS_THROUGH, 0);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x03);
    }

    @Test
    void largePagesWithoutTheCapabilityAreReservedBits() {
        var bench = mapped(Bench.cap(Capability.SLLPS, 0), Bench.ECAP, Map.of());
        bench.memory.write64(leaf(bench, 2), 0x40_0000 | 0x83);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x0c);
    }

    @Test
    void bitsAboveTheHostAddressWidthAreReserved() {
        var bench = mapped(Bench.CAP, Bench.ECAP, Map.of("hostAddressWidth", 39L));
        or(bench, leaf(bench, 1), 1L << 39);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x0c);
    }

    @Test
    void snoopAndTransientBitsAreFineWhereTheUnitHasThem() {
        long ecap = ExtendedCapability.SC.with(Bench.deviceTlbEcap(), 1);
        var bench = mapped(Bench.CAP, ecap, Map.of());
        or(bench, leaf(bench, 1), 1L << 62 | 1 << 11);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @Test
    void aLargePageThatReachesIntoTheInterruptRangeIsBlockedThereEvenWhenCached() {
        var bench = mapped(Bench.CAP, Bench.ECAP, Map.of());
        bench.memory.write64(leaf(bench, 2), 0xfee0_0000L | 0x83);
        long page = IOVA & -(1L << 21);
        assertThat(Translation.reason(bench.read(page))).isEqualTo(0x0e);
        assertThat(Translation.address(bench.read(page + 0x10_0000))).isEqualTo(0xfef0_0000L);
        assertThat(Translation.reason(bench.read(page + 0xff000))).isEqualTo(0x0e);
        assertThat(bench.blocked).hasSize(2);
    }

    @Test
    void aReservedOrAbortingScalableModeBlocksEverything() {
        var bench = mapped(Bench.CAP, Bench.ECAP, Map.of());
        for (int mode : new int[] {2, 3}) {
            bench.setRoot(mode);
            bench.invalidateContexts();
            assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x30);
        }
    }

    static Stream<Arguments> qualifiedRows() {
        return rows().filter(a -> {
            int reason = (int) a.get()[0];
            String what = (String) a.get()[1];
            return reason != 0x08 && reason != 0x01 && reason != 0x0a && reason != 0x09
                    && !what.contains("level 4");
        });
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("qualifiedRows")
    void faultProcessingDisableKeepsQualifiedFaultsFromBeingRecorded(int reason, String what,
            Consumer<Bench> damage) {
        var bench = mapped(Bench.CAP, Bench.ECAP, Map.of());
        damage.accept(bench);
        or(bench, bench.contextEntry(Bench.DEVICE), ContextEntry.FPD.mask());
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(reason);
        assertThat(bench.recorded).as(what).containsExactly(!FaultReason.of(reason).qualified());
        assertThat(VtdRegisters.PPF.isSet(bench.read(VtdRegisters.FSTS)))
                .isEqualTo(!FaultReason.of(reason).qualified());
    }

    @Test
    void faultProcessingDisableIsRememberedByTheContextCache() {
        var bench = mapped(Bench.CAP, Bench.ECAP, Map.of());
        or(bench, bench.contextEntry(Bench.DEVICE), ContextEntry.FPD.mask());
        bench.read(IOVA);
        bench.read(IOVA + 0x1000);
        assertThat(bench.recorded).containsExactly(false);
    }
}
