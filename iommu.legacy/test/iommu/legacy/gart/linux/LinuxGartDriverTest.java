// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import static iommu.api.pcie.Access.READ;
import static iommu.api.pcie.Access.WRITE;
import static iommu.legacy.gart.Northbridge.APERTURE;
import static iommu.legacy.gart.Northbridge.HIGH;
import static iommu.legacy.gart.Northbridge.NARROW;
import static iommu.legacy.gart.Northbridge.WIDE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.legacy.gart.GartRegisters;
import iommu.legacy.gart.GattEntry;
import iommu.legacy.gart.Northbridge;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Two kernels after each other on one northbridge. */
class LinuxGartDriverTest {

    private final Northbridge node = new Northbridge();

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    private static LinuxGartDriver started(Northbridge on, KernelProfile kernel)
            throws StepRefusedException {
        var driver = new LinuxGartDriver(kernel, on.port);
        driver.startClean();
        return driver;
    }

    private LinuxGartDriver running() throws StepRefusedException {
        return started(node, linux("2.6.27"));
    }

    private long translated(long iova) {
        return Translation.address(node.unit.translate(NARROW.requesterId(), iova, WRITE));
    }

    @Test
    void firmwaresApertureGetsATableThatLeadsToAScratchPage() throws StepRefusedException {
        running();
        assertThat(node.unit.translating()).isTrue();
        assertThat(node.port.console()).contains("PCI-DMA: using GART IOMMU.",
                "Node 0: aperture @ c8000000 size 64 MB",
                "PCI-DMA: Reserving 64MB of IOMMU area in the AGP aperture");
        assertThat(node.entry(31)).as("emergency pages").isZero();
        assertThat(node.entry(32)).isEqualTo(node.entry(16383));
        long scratch = GattEntry.page(node.entry(32));
        assertThat(translated(APERTURE + 0x2_0123)).isEqualTo(scratch + 0x123);
    }

    @Test
    void onlyWhatADeviceDoesNotReachIsMapped() throws StepRefusedException {
        LinuxGartDriver driver = running();
        assertThat(driver.dmaOps().map(NARROW, 0x50_0000, 4096, READ).iova()).isEqualTo(0x50_0000);
        assertThat(driver.dmaOps().map(WIDE, HIGH, 4096, READ).iova()).isEqualTo(HIGH);
        DmaBuffer mapped = driver.dmaOps().map(NARROW, HIGH + 0x1234, 100, READ);
        assertThat(mapped.iova()).isEqualTo(APERTURE + 0x2_0234);
        assertThat(node.entry(32)).isEqualTo(GattEntry.of(HIGH + 0x1000));
        assertThat(driver.dmaOps().map(NARROW, HIGH + 0xfff, 2, READ).iova())
                .isEqualTo(APERTURE + 0x2_1fff);
        assertThat(node.entry(34)).isEqualTo(GattEntry.of(HIGH + 0x1000));
        assertThat(driver.dmaOps().mapsDma(NARROW)).isFalse();
    }

    @Test
    void forcedItMapsEverything() throws StepRefusedException {
        LinuxGartDriver driver = started(node, linux("2.6.27").with("gart.force", 1));
        assertThat(driver.dmaOps().mapsDma(WIDE)).isTrue();
        assertThat(driver.dmaOps().map(WIDE, 0x50_0000, 4096, READ).iova())
                .isEqualTo(APERTURE + 0x2_0000);
        assertThat(driver.dmaOps().map(WIDE, 0x50_0000, 64 << 20, READ).iova())
                .as("no room: as it is").isEqualTo(0x50_0000);
    }

    @Test
    void whatIsUnmappedLeadsToTheScratchPageOnceSomethingIsMapped() throws StepRefusedException {
        LinuxGartDriver driver = running();
        long scratch = GattEntry.page(node.entry(40));
        DmaBuffer buffer = driver.dmaOps().map(NARROW, HIGH, 4096, WRITE);
        assertThat(translated(buffer.iova())).isEqualTo(HIGH);
        driver.dmaOps().unmap(NARROW, buffer);
        assertThat(GattEntry.page(node.entry(32))).isEqualTo(scratch);
        assertThat(translated(buffer.iova())).as("cached").isEqualTo(HIGH);
        driver.dmaOps().map(NARROW, HIGH + 4096, 4096, WRITE);
        assertThat(translated(buffer.iova())).isEqualTo(scratch);
    }

    @Test
    void withoutFullFlushOnlyAReusedAddressFlushes() throws StepRefusedException {
        LinuxGartDriver driver = started(node, linux("2.6.27").with("gart.flushesAlways", 0));
        node.told.clear();
        driver.dmaOps().map(NARROW, HIGH, 4096, WRITE);
        assertThat(node.told).isEmpty();
        driver.dmaOps().unmap(NARROW, driver.dmaOps().map(NARROW, HIGH, 16351 * 4096, WRITE));
        assertThat(node.told).as("the end was reached").containsExactly("GART TLB");
        driver.dmaOps().map(NARROW, HIGH, 4096, WRITE);
        assertThat(node.told).hasSize(1);
    }

    @Test
    void aFullApertureFailsTheDriver() throws StepRefusedException {
        LinuxGartDriver driver = running();
        assertThatThrownBy(() -> driver.dmaOps().map(NARROW, HIGH, 64 << 20, READ))
                .isInstanceOf(DmaMappingException.class)
                .hasMessage("PCI-DMA: Out of IOMMU space for 67108864 bytes");
        assertThatThrownBy(() -> driver.dmaOps().map(NARROW, 1L << 40, 4096, READ))
                .isInstanceOf(DmaMappingException.class);
        assertThatThrownBy(() -> driver.dmaOps().identityMap(NARROW, new AddressRange(0, 4096)))
                .isInstanceOf(StepRefusedException.class);
        driver.dmaOps().unmap(NARROW, new DmaBuffer(0x50_0000, 0x50_0000, 4096));
    }

    /** No address, 32 MiB only, or over RAM. */
    @ParameterizedTest
    @CsvSource({"2, 0", "0, 0x64", "2, 0x1f"})
    void whereFirmwareLeavesNoneAnApertureLiesOverRam(int control, String base)
            throws StepRefusedException {
        var bare = new Northbridge(Map.of(GartRegisters.CONTROL, control, GartRegisters.BASE,
                Integer.decode(base)), Map.of(), 1L << 30);
        bare.port.pagesFrom(0x10_0000, 1L << 30);
        started(bare, linux("2.6.27"));
        long start = GartRegisters.apertureStart(bare.unit.readRegister(GartRegisters.BASE, 4));
        assertThat(start).as("the first place for 64 MiB").isEqualTo(0x400_0000L);
        assertThat(GartRegisters.apertureBytes(bare.unit.readRegister(GartRegisters.CONTROL, 4)))
                .isEqualTo(64L << 20);
        assertThat(bare.port.console()).contains("Your BIOS doesn't leave a aperture memory hole",
                "Mapping aperture over 65536 KB of RAM @ 4000000");
    }

    @Test
    void withoutRoomForAnApertureTheKernelEnds() {
        var bare = new Northbridge(Map.of(), Map.of(), 32L << 20);
        assertThatThrownBy(() -> started(bare, linux("2.6.27")))
                .isInstanceOf(KernelPanicException.class)
                .hasMessage("Not enough memory for aperture");
        assertThat(bare.port.console()).contains("Cannot allocate aperture memory hole");
    }

    /**
     * What is on and lies over RAM is used on from 2.6.25 on; before, another is made elsewhere.
     */
    @ParameterizedTest
    @CsvSource({"2.6.24, 0x4000000", "2.6.25, 0x8000000", "5.10, 0x8000000"})
    void anApertureThatIsFoundOverRamIsNoRam(String version, String start)
            throws StepRefusedException {
        var found = new Northbridge(Map.of(GartRegisters.CONTROL, 3, GartRegisters.BASE, 4),
                Map.of(), 1L << 30);
        found.port.pagesFrom(0x10_0000, 1L << 30);
        var driver = new LinuxGartDriver(linux(version), found.port);
        driver.countMemory();
        assertThat(found.port.console().contains("update e820 for GART"))
                .isEqualTo(!version.equals("2.6.24"));
        driver.startClean();
        assertThat(GartRegisters.apertureStart(found.unit.readRegister(GartRegisters.BASE, 4)))
                .isEqualTo(Long.decode(start));
        assertThat(found.port.isOwnMemory(0x800_0000, 4096))
                .isEqualTo(version.equals("2.6.24"));
    }

    @Test
    void whatIsOffOrBesideRamIsLeftToTheMap() {
        for (int[] words : new int[][] {{2, 4}, {3, 0x64}, {3, 0}}) {
            var found = new Northbridge(Map.of(GartRegisters.CONTROL, words[0],
                    GartRegisters.BASE, words[1]), Map.of(), 1L << 30);
            new LinuxGartDriver(linux("2.6.27"), found.port).countMemory();
            assertThat(found.port.console()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"2.6.27, 0xffffffff", "2.6.38, 0xffffffff", "2.6.39, 0xfffffbff"})
    void errorsOfTheTableAreMachineChecksUpTo2638(String version, String value) {
        new LinuxGartDriver(linux(version), node.port).initialiseInterrupts();
        assertThat(node.unit.readRegister(GartRegisters.MCA_CONTROL, 4))
                .isEqualTo(Long.decode(value));
    }

    @Test
    void processorsMayBeKeptOutOfTheAperture() throws StepRefusedException {
        running();
        assertThat(Translation.isUntranslated(node.unit.processorRead(APERTURE + 0x2_0000)))
                .isFalse();
        started(node, linux("2.6.27").with("gart.disablesProcessor", 1));
        assertThat(node.unit.processorRead(APERTURE + 0x2_0000))
                .isEqualTo(Translation.untranslated());
        assertThat(node.unit.translating()).isTrue();
    }

    /** The range is that of the registers, valid or none, used by this kernel or not. */
    @ParameterizedTest
    @CsvSource({"4.15, 2, 0x64, true", "4.16, 2, 0x64, false", "4.16, 0, 0x64, true",
        "4.16, 2, 0x7f, true", "4.16, 2, 0, true"})
    void aDumpLeavesTheApertureOut(String version, int control, String base, boolean read) {
        var found = new Northbridge(Map.of(GartRegisters.CONTROL, control, GartRegisters.BASE,
                Integer.decode(base)), Map.of());
        var driver = new LinuxGartDriver(linux(version), found.port);
        long start = GartRegisters.apertureStart(Integer.decode(base));
        assertThat(driver.readsOldMemory(start)).isEqualTo(read);
        assertThat(driver.readsOldMemory(start + (64 << 20) - 4096)).isEqualTo(read);
        assertThat(driver.readsOldMemory(start + (64 << 20))).isTrue();
        assertThat(driver.readsOldMemory(start - 4096)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"2.6.27, true", "2.6.28, false"})
    void upTo2627AnAddressIsGivenOutAgainThatIsStillCached(String version, boolean stale)
            throws StepRefusedException {
        LinuxGartDriver driver = started(node, linux(version).with("gart.flushesAlways", 0));
        DmaBuffer first = driver.dmaOps().map(NARROW, HIGH, 4096, WRITE);
        driver.dmaOps().map(NARROW, HIGH, 16351 * 4096, WRITE); // to the end
        assertThat(translated(first.iova())).isEqualTo(HIGH);
        driver.dmaOps().unmap(NARROW, first);
        DmaBuffer again = driver.dmaOps().map(NARROW, HIGH + 0x5000, 4096, WRITE);
        assertThat(again.iova()).isEqualTo(first.iova());
        assertThat(translated(again.iova())).isEqualTo(HIGH + (stale ? 0 : 0x5000));
    }

    @Test
    void aKernelWithoutHighMemoryLeavesItAlone() throws StepRefusedException {
        LinuxGartDriver first = running();
        DmaBuffer old = first.dmaOps().map(NARROW, HIGH, 4096, WRITE);
        node.port.memoryEnds(160 << 20, HIGH + (16 << 20));
        var second = new LinuxGartDriver(linux("2.6.27"), node.port);
        assertThat(second.remapsDma()).isFalse();
        assertThatThrownBy(second::startClean).hasMessageContaining("no use for the GART");
        assertThat(second.hasTables()).isFalse();
        assertThat(translated(old.iova())).isEqualTo(HIGH);
    }

    @ParameterizedTest
    @EnumSource(AdoptDepth.class)
    void noTableIsTakenOver(AdoptDepth depth) throws StepRefusedException {
        LinuxGartDriver driver = running();
        assertThatThrownBy(() -> driver.adoptTables(depth))
                .hasMessage("no kernel takes a GATT over");
    }

    @ParameterizedTest
    @CsvSource({"2.6.30, true", "2.6.31, false", "2.6.33, false", "2.6.34, true"})
    void someVersionsSwitchItOffAsTheyCrash(String version, boolean on)
            throws StepRefusedException {
        started(node, linux(version)).crash();
        assertThat(node.unit.translating()).isEqualTo(on);
    }

    @Test
    void itIsSwitchedOffBeforeARestartByWhoUsesIt() throws StepRefusedException {
        LinuxGartDriver driver = running();
        new LinuxGartDriver(linux("2.6.27"), node.port).shutdown();
        assertThat(node.unit.translating()).isTrue();
        driver.shutdown();
        assertThat(node.unit.translating()).isFalse();
    }

    @Test
    void aPolicyMayHaveTheApertureLeadToAScratchPage() throws StepRefusedException {
        LinuxGartDriver first = running();
        DmaBuffer old = first.dmaOps().map(NARROW, HIGH, 4096, WRITE);
        node.port.memoryEnds(160 << 20, HIGH + (16 << 20));
        var second = new LinuxGartDriver(linux("2.6.27"), node.port);
        second.mapScratch();
        assertThat(translated(old.iova())).isNotEqualTo(HIGH)
                .isEqualTo(GattEntry.page(node.entry(16383)));
        second.disableTranslation();
        assertThatThrownBy(second::mapScratch).hasMessage("translation is not enabled");
    }

    @Test
    void aKernelThatGoesOnLearnsItsTable() throws StepRefusedException {
        LinuxGartDriver first = running();
        DmaBuffer old = first.dmaOps().map(NARROW, HIGH, 4096, WRITE);
        var again = new LinuxGartDriver(linux("2.6.27"), node.port);
        again.resume();
        assertThat(again.hasTables()).isTrue();
        assertThat(again.dmaOps().map(NARROW, HIGH, 4096, WRITE).iova())
                .isEqualTo(old.iova() + 4096);
        again.dmaOps().unmap(NARROW, old);
        assertThat(node.entry(32)).isEqualTo(node.entry(16383));
    }

    @Test
    void itCanBeSwitchedOff() throws StepRefusedException {
        LinuxGartDriver driver = running();
        driver.disableTranslation();
        assertThat(node.unit.translating()).isFalse();
        assertThat(driver.hasTables()).isFalse();
        var idle = new LinuxGartDriver(linux("2.6.27"), node.port);
        idle.resume();
        assertThat(idle.hasTables()).isFalse();
        assertThatThrownBy(() -> idle.map(0x30, 0, 0, 4096, READ))
                .isInstanceOf(IllegalStateException.class);
        running();
        node.port.deaf(true);
        assertThatThrownBy(idle::disableTranslation).hasMessage("GARTEN stays 1");
    }
}
