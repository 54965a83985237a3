// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.ContextEntry;
import iommu.vtd.FaultReason;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.VtdRegisters;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScalableModeTest {

    private static final long IOVA = 0xffff_4000L;
    private static final long PAGE = 0x45_6000;

    private static Bench mapped(Map<String, Long> settings) {
        var bench = Bench.scalable(settings);
        bench.map(bench.pasid(Bench.DEVICE, Bench.DOMAIN, 0), IOVA, PAGE, 3);
        return bench;
    }

    private static void or(Bench bench, long at, long bits) {
        bench.memory.write64(at, bench.memory.read64(at) | bits);
    }

    private static long directory(Bench bench) {
        return ScalableContextEntry.PASIDDIRPTR.inPlace(
                bench.memory.read64(bench.scalableContextEntry(Bench.DEVICE)));
    }

    private static long leaf(Bench bench, int level) {
        long table = PasidEntry.SSPTPTR.inPlace(
                bench.memory.read64(bench.pasidEntry(Bench.DEVICE, 0)));
        return bench.entry(table, 4, IOVA, level);
    }

    private static Arguments row(int reason, int legacy, String what, Consumer<Bench> damage) {
        return Arguments.of(reason, legacy, what, damage);
    }

    static Stream<Arguments> rows() {
        return Stream.of(
                row(0x38, 0x08, "root table outside memory", b -> {
                    b.write(VtdRegisters.RTADDR, Bench.OUTSIDE | 1 << 10);
                    b.command(1L << 30);
                }),
                row(0x39, 0x01, "lower half of the root entry not present",
                        b -> b.memory.write64(b.rootEntry(Bench.DEVICE), 0)),
                row(0x3a, 0x0a, "root entry bit 1", b -> or(b, b.rootEntry(Bench.DEVICE), 2)),
                row(0x40, 0x09, "context table outside memory",
                        b -> b.memory.write64(b.rootEntry(Bench.DEVICE), Bench.OUTSIDE | 1)),
                row(0x41, 0x02, "context entry not present", b ->
                        b.memory.write64(b.scalableContextEntry(Bench.DEVICE), 1L << 12)),
                row(0x42, 0x0b, "context entry bit 5",
                        b -> or(b, b.scalableContextEntry(Bench.DEVICE), 1 << 5)),
                row(0x42, 0x0b, "context entry bit 85",
                        b -> or(b, b.scalableContextEntry(Bench.DEVICE) + 8, 1 << 21)),
                row(0x42, 0x0b, "context entry bit 128",
                        b -> or(b, b.scalableContextEntry(Bench.DEVICE) + 16, 1)),
                row(0x43, 0x03, "device TLB enabled where there is none",
                        b -> or(b, b.scalableContextEntry(Bench.DEVICE), 1 << 2)),
                row(0x48, 0x58, "RID_PASID beyond the directory",
                        b -> or(b, b.scalableContextEntry(Bench.DEVICE) + 8, 1 << 15)),
                row(0x50, 0x58, "PASID directory outside memory", b -> {
                    long at = b.scalableContextEntry(Bench.DEVICE);
                    b.memory.write64(at, Bench.OUTSIDE | 1);
                }),
                row(0x51, 0x58, "directory entry not present",
                        b -> b.memory.write64(directory(b), 0)),
                row(0x52, 0x58, "directory entry bit 2", b -> or(b, directory(b), 4)),
                row(0x58, 0x58, "PASID table outside memory",
                        b -> b.memory.write64(directory(b), Bench.OUTSIDE | 1)),
                row(0x59, 0x58, "PASID entry not present",
                        b -> b.memory.write64(b.pasidEntry(Bench.DEVICE, 0), 1L << 12)),
                row(0x5a, 0x58, "PASID entry bit 10",
                        b -> or(b, b.pasidEntry(Bench.DEVICE, 0), 1 << 10)),
                row(0x5b, 0x58, "first stage, which the unit has not", b -> b.memory.write64(
                        b.pasidEntry(Bench.DEVICE, 0), Bench.pasidWord(PAGE, 1, 2))),
                row(0x5b, 0x58, "nested, which the unit has not", b -> b.memory.write64(
                        b.pasidEntry(Bench.DEVICE, 0), Bench.pasidWord(PAGE, 3, 2))),
                row(0x5b, 0x58, "reserved translation type", b -> b.memory.write64(
                        b.pasidEntry(Bench.DEVICE, 0), Bench.pasidWord(PAGE, 0, 2))),
                row(0x5b, 0x58, "width not supported", b -> b.memory.write64(
                        b.pasidEntry(Bench.DEVICE, 0), Bench.pasidWord(PAGE, 2, 3))),
                row(0x78, 0x07, "page table outside memory",
                        b -> b.memory.write64(leaf(b, 3), Bench.OUTSIDE | 3)),
                row(0x7a, 0x0c, "leaf bit 11", b -> or(b, leaf(b, 1), 1 << 11)),
                row(0x86, 0x06, "leaf not present", b -> b.memory.write64(leaf(b, 1), 0)),
                row(0x86, 0x06, "leaf of writes only",
                        b -> b.memory.write64(leaf(b, 1), PAGE | 2)),
                row(0x87, 0x87, "page in the interrupt range",
                        b -> b.memory.write64(leaf(b, 1), 0xfeef_f000L | 3)));
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("rows")
    void aReadIsBlockedWithTheManualsReason(int reason, int legacy, String what,
            Consumer<Bench> damage) {
        var bench = mapped(Map.of());
        damage.accept(bench);
        long explained = bench.unit.explain(Bench.DEVICE, IOVA, Access.READ, WalkListener.NONE);
        long t = bench.read(IOVA);
        assertThat(Translation.reason(t)).as(what).isEqualTo(reason);
        assertThat(explained).isEqualTo(t);
        assertThat(bench.blocked.get(0).text()).startsWith("SM: ");
        assertThat(bench.recorded).containsExactly(true);
    }

    @ParameterizedTest(name = "{1}: {2}")
    @MethodSource("rows")
    void aSettingGivesTheNumbersThatTheEmulatorReports(int reason, int legacy, String what,
            Consumer<Bench> damage) {
        var bench = mapped(Map.of("scalableLegacyReasons", 1L));
        damage.accept(bench);
        assertThat(Translation.reason(bench.read(IOVA))).as(what).isEqualTo(legacy);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("rows")
    void faultProcessingDisableOfTheContextCounts(int reason, int legacy, String what,
            Consumer<Bench> damage) {
        var bench = mapped(Map.of());
        damage.accept(bench);
        if (reason > 0x40) {
            or(bench, bench.scalableContextEntry(Bench.DEVICE), 2);
            bench.read(IOVA);
            assertThat(bench.recorded).as(what)
                    .containsExactly(!FaultReason.of(reason).qualified());
        }
    }

    @Test
    void faultProcessingDisableOfDirectoryAndPasidEntryCountToo() {
        for (int which = 0; which < 2; which++) {
            var bench = mapped(Map.of());
            or(bench, which == 0 ? directory(bench) : bench.pasidEntry(Bench.DEVICE, 0), 2);
            bench.read(IOVA + 0x1000);
            assertThat(bench.recorded).containsExactly(false);
        }
    }

    @Test
    void writesAreDeniedWith85() {
        var bench = mapped(Map.of());
        assertThat(Translation.reason(bench.write(IOVA + 0x1000))).isEqualTo(0x85);
    }

    @Test
    void addressesBeyondTableOrUnitAreBlocked() {
        var bench = mapped(Map.of());
        bench.memory.write64(bench.pasidEntry(Bench.DEVICE, 0),
                Bench.pasidWord(bench.page(), 2, 1));
        assertThat(Translation.reason(bench.read(1L << 39))).isEqualTo(0x84);
        assertThat(Translation.reason(bench.read(1L << 48))).isEqualTo(0x83);
    }

    @Test
    void aReadOfTheInterruptRangeIsBlockedWith87() {
        assertThat(Translation.reason(mapped(Map.of()).read(0xfee0_0000L))).isEqualTo(0x87);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x0100, 0x017f, 0x0180, 0x01ff})
    void bothHalvesOfTheRootEntryServeTheirFunctions(int source) {
        var bench = Bench.scalable();
        bench.map(bench.pasid(source, Bench.DOMAIN, 0), IOVA, PAGE, 3);
        long t = bench.unit.translate(source, IOVA, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(PAGE);
        assertThat(Translation.reason(bench.unit.translate(source ^ 0x80, IOVA, Access.READ)))
                .isEqualTo(0x39);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 63, 64, 0x7fff})
    void requestsWithoutPasidUseRidPasid(long pasid) {
        var bench = Bench.scalable();
        bench.map(bench.pasid(Bench.DEVICE, Bench.DOMAIN, pasid), IOVA, PAGE, 3);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @Test
    void secondStagePagesAreSharedByAllPasidsOfADomain() {
        var bench = Bench.scalable();
        bench.map(bench.pasid(Bench.DEVICE, Bench.DOMAIN, 3), IOVA, PAGE, 3);
        bench.map(bench.pasid(Bench.DEVICE + 8, Bench.DOMAIN, 4), IOVA, PAGE + 0x1000, 3);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
        long other = bench.unit.translate(Bench.DEVICE + 8, IOVA, Access.READ);
        assertThat(Translation.address(other)).isEqualTo(PAGE);
    }

    @Test
    void passThroughGivesTheAddressItself() {
        var bench = mapped(Map.of());
        bench.memory.write64(bench.pasidEntry(Bench.DEVICE, 0),
                Bench.pasidWord(0, PasidEntry.PGTT_PASS_THROUGH, 2));
        assertThat(Translation.address(bench.write(0x7654_3210L))).isEqualTo(0x7654_3210L);
    }

    @ParameterizedTest(name = "PASID cache {0}")
    @CsvSource({"global, 0x37, true", "domain 7, 0x70007, true", "domain 8, 0x80007, false",
        "PASID 0, 0x70017, true", "PASID 1, 0x100070017, false"})
    void aStalePasidEntryStaysUntilThePasidCacheIsInvalidated(String what, String descriptor,
            boolean dropped) {
        var bench = mapped(Map.of("contextInvalidationDropsPasids", 0L));
        bench.read(IOVA);
        bench.map(bench.pasid(Bench.DEVICE, Bench.DOMAIN + 1, 0), IOVA, PAGE + 0x1000, 3);
        bench.invalidateIotlb();
        bench.invalidateContexts();
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
        bench.submit(Long.decode(descriptor), 0);
        assertThat(Translation.address(bench.read(IOVA))).as(what)
                .isEqualTo(dropped ? PAGE + 0x1000 : PAGE);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"global, 0x11, true", "domain, 0x70021, true", "device, 0x10800000031, true",
        "other device, 0x11000000031, false", "function mask, 0x3010f00000031, true"})
    void itGoesWithTheContextEntryWhereTheUnitSaysSo(String what, String descriptor,
            boolean dropped) {
        var bench = mapped(Map.of());
        bench.read(IOVA);
        bench.map(bench.pasid(Bench.DEVICE, Bench.DOMAIN + 1, 0), IOVA, PAGE + 0x1000, 3);
        bench.submit(Long.decode(descriptor), 0);
        assertThat(Translation.address(bench.read(IOVA))).as(what)
                .isEqualTo(dropped ? PAGE + 0x1000 : PAGE);
    }

    @Test
    void theModeIsLatchedWithTheRoot() {
        var bench = mapped(Map.of());
        bench.write(VtdRegisters.RTADDR, bench.root);
        bench.invalidateContexts();
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
        bench.setRoot(0);
        bench.invalidateContexts();
        assertThat(Translation.reason(bench.read(IOVA)))
                .as("the same bytes as a legacy table").isEqualTo(0x02);
        assertThat(ContextEntry.BYTES * 2).isEqualTo(ScalableContextEntry.BYTES);
    }
}
