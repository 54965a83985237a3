// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.unit;

import static iommu.api.pcie.Access.READ;
import static iommu.api.pcie.Access.WRITE;
import static iommu.legacy.gart.Northbridge.APERTURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkRecording;
import iommu.legacy.gart.GartRegisters;
import iommu.legacy.gart.GattEntry;
import iommu.legacy.gart.Northbridge;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of requests to the aperture, and beside it. */
class GartUnitTest {

    private static final long TABLE = 0x20_0000;
    private static final int DEVICE = 0x30;

    private final Northbridge node = new Northbridge();

    private void enable() {
        node.set(GartRegisters.TABLE, GartRegisters.tableOf(TABLE));
        node.set(GartRegisters.CONTROL, 3);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0x1234, APERTURE - 1, APERTURE + (64 << 20), 1L << 32, 1L << 40})
    void whatIsBesideTheAperturePasses(long address) {
        for (int control : new int[] {2, 3}) {
            node.set(GartRegisters.CONTROL, control);
            assertThat(Translation.address(node.unit.translate(DEVICE, address, WRITE)))
                    .isEqualTo(address);
        }
        assertThat(node.told).containsExactly("on");
    }

    @Test
    void switchedOffItLetsTheApertureOutUntranslated() {
        assertThat(node.unit.translate(DEVICE, APERTURE, READ))
                .isEqualTo(Translation.untranslated());
        node.set(GartRegisters.CONTROL, 3 | GartRegisters.DISGARTIO.mask());
        assertThat(node.unit.translating()).isTrue();
        assertThat(node.unit.translate(DEVICE, APERTURE, READ)).as("not for devices")
                .isEqualTo(Translation.untranslated());
    }

    @Test
    void anEntryLeadsToItsPageForEverybody() {
        enable();
        node.entries(TABLE, 0x20, 0, GattEntry.of(0x1_0234_5000L));
        for (int requester : new int[] {DEVICE, 0x100, 0x1_0030}) {
            assertThat(Translation.address(
                    node.unit.translate(requester, APERTURE + 0x2_1abc, WRITE)))
                    .isEqualTo(0x1_0234_5abcL);
        }
        assertThat(node.unit.tableOf(0x1_0030)).isEqualTo(RequesterId.of(1, 0, 0x18, 3));
    }

    @Test
    void anEntryThatIsNotValidRefuses() {
        enable();
        assertThat(Translation.isBlocked(node.unit.translate(DEVICE, APERTURE, READ))).isTrue();
        assertThat(node.told).containsExactly("on", "gart:NOT_VALID");
        assertThat(node.unit.readRegister(GartRegisters.CACHE, 4))
                .isEqualTo(GartRegisters.GARTPTEERR.mask());
        node.set(GartRegisters.CACHE, 2);
        assertThat(node.unit.readRegister(GartRegisters.CACHE, 4)).isZero();
        node.set(GartRegisters.TABLE, GartRegisters.tableOf(0x4000_0000L));
        node.unit.translate(DEVICE, APERTURE, READ);
        assertThat(node.told).endsWith("gart:NO_MEMORY");
    }

    @Test
    void processorsReadTheApertureThroughTheTable() {
        assertThat(node.unit.processorRead(APERTURE)).as("off").isEqualTo(
                Translation.untranslated());
        enable();
        node.entries(TABLE, 0x20, GattEntry.of(0x30_0000), 0);
        assertThat(Translation.address(node.unit.processorRead(APERTURE + 0x2_0000)))
                .isEqualTo(0x30_0000);
        assertThat(node.unit.processorRead(APERTURE + (64 << 20))).as("beside it")
                .isEqualTo(Translation.untranslated());
        node.set(GartRegisters.CONTROL, 3 | GartRegisters.DISGARTIO.mask());
        assertThat(Translation.isUntranslated(node.unit.processorRead(APERTURE + 0x2_0000)))
                .as("devices alone do not").isFalse();
        node.set(GartRegisters.CONTROL, 3 | GartRegisters.DISGARTCPU.mask());
        assertThat(node.unit.processorRead(APERTURE + 0x2_0000))
                .isEqualTo(Translation.untranslated());
        assertThat(node.told).containsExactly("on");
    }

    @Test
    void anEntryThatIsNotValidIsAMachineCheckToAProcessorIfItIsReported() {
        enable();
        assertThat(Translation.isBlocked(node.unit.processorRead(APERTURE))).isTrue();
        assertThat(node.unit.readRegister(GartRegisters.CACHE, 4))
                .isEqualTo(GartRegisters.GARTPTEERR.mask());
        node.set(GartRegisters.MCA_CONTROL, ~GartRegisters.GART_TBL_WK_EN.mask());
        node.unit.processorRead(APERTURE);
        assertThat(node.told).as("not reported").containsExactly("on");
        node.set(GartRegisters.MCA_CONTROL, GartRegisters.GART_TBL_WK_EN.mask());
        assertThat(Translation.isBlocked(node.unit.processorRead(APERTURE))).isTrue();
        node.unit.translate(DEVICE, APERTURE, READ);
        assertThat(node.told).as("of processors").containsExactly("on", "#MC gart:NOT_VALID",
                "gart:NOT_VALID");
    }

    @Test
    void whatIsCachedStaysUntilItIsDropped() {
        enable();
        node.entries(TABLE, 0x20, GattEntry.of(0x30_0000), 0);
        long before = node.unit.translate(DEVICE, APERTURE + 0x2_0000, READ);
        node.entries(TABLE, 0x20, GattEntry.of(0x40_0000), 0);
        assertThat(node.unit.translate(DEVICE, APERTURE + 0x2_0000, READ)).isEqualTo(before);
        node.set(GartRegisters.CACHE, 1);
        assertThat(node.unit.readRegister(GartRegisters.CACHE, 4)).as("done").isZero();
        assertThat(Translation.address(node.unit.translate(DEVICE, APERTURE + 0x2_0000, READ)))
                .isEqualTo(0x40_0000);
    }

    @Test
    void rowsAreLeavesAndWhatPasses() {
        enable();
        node.entries(TABLE, 2, GattEntry.of(0x30_0000), 0x40_0002);
        List<String> rows = new ArrayList<>();
        var visitor = new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                rows.add(String.format("%x>%x", iova, physicalAddress));
            }

            @Override
            public void passThrough(int requester, int domainId) {
                rows.add("passes");
            }

            @Override
            public void structure(long physicalAddress, long bytes) {
                rows.add(String.format("%x+%x", physicalAddress, bytes));
            }
        };
        node.unit.mappings(visitor);
        assertThat(rows).containsExactly("200000+10000", "c8000000+4000000",
                "c8002000>300000", "passes");
        rows.clear();
        node.set(GartRegisters.CONTROL, 2);
        node.unit.mappings(visitor);
        assertThat(rows).containsExactly("passes");
    }

    @Test
    void aWalkTellsWhatDecides() {
        var walk = new WalkRecording();
        node.unit.explain(DEVICE, 0x1000, READ, walk);
        assertThat(walk.steps().get(0).decision()).isEqualTo("outside of the aperture");
        node.unit.explain(DEVICE, APERTURE, READ, walk);
        assertThat(walk.steps().get(1).decision()).isEqualTo("not translated");
        enable();
        node.unit.explain(DEVICE, APERTURE + 0x5000, READ, walk);
        assertThat(walk.steps().get(3).structure()).isEqualTo("GATT entry 5");
        assertThat(walk.steps().get(3).decision()).isEqualTo("refused: GATT entry is not valid");
        node.entries(TABLE, 0x20, GattEntry.of(0x30_0000), 0);
        node.unit.translate(DEVICE, APERTURE + 0x2_0000, READ);
        node.entries(TABLE, 0x20, 0, 0);
        node.unit.follow(DEVICE, -1, APERTURE + 0x2_0000, READ, walk);
        assertThat(walk.steps().get(5).lookup().outcome()).isEqualTo(CacheLookup.Outcome.HIT);
        assertThat(walk.steps().get(5).lookup().stale()).isTrue();
        assertThatThrownBy(() -> node.unit.follow(DEVICE, 1, 0, READ, walk))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    /** Whatever registers and entries hold: to follow a request is to translate it, untold. */
    @Seeds(count = 20)
    void followingIsTranslating(long seed) {
        var random = new SplittableRandom(seed);
        enable();
        for (int i = 0; i < 300; i++) {
            node.entries(TABLE, 2 * random.nextInt(32), random.nextInt() & 0xffff_ffffL,
                    random.nextInt() & 0xffff_ffffL);
            if (random.nextInt(10) == 0) {
                node.set(GartRegisters.CONTROL, random.nextInt() & 0xffff_ffffL);
            }
            if (random.nextInt(10) == 0) {
                node.set(GartRegisters.TABLE, random.nextInt(3) == 0
                        ? random.nextInt() & 0xffff_ffffL : GartRegisters.tableOf(TABLE));
            }
            long address = random.nextInt(8) == 0 ? random.nextLong() >>> 12
                    : APERTURE + random.nextLong(64L << 12);
            long told = node.unit.follow(DEVICE, -1, address, READ, new WalkRecording());
            assertThat(node.unit.translate(DEVICE, address, READ)).isEqualTo(told);
        }
    }

    @Test
    void settingsAndAccessesAreHeldToTheirRange() {
        assertThat(node.unit.blockedRequests().readStatus())
                .isEqualTo(CompletionStatus.COMPLETER_ABORT);
        assertThatThrownBy(() -> new Northbridge(Map.of(), Map.of("x", 1L)))
                .hasMessageContaining("unknown setting 'x'");
        assertThatThrownBy(() -> new Northbridge(Map.of(), Map.of("tlbEntries", 0L)))
                .hasMessageContaining("1 to 65536");
        assertThatThrownBy(() -> node.unit.readRegister(0x90, 8))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> node.unit.writeRegister(0x100, 4, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(node.unit.fault(1).text()).isEqualTo("GATT entry is not valid");
    }
}
