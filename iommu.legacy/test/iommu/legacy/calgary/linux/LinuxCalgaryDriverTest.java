// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import static iommu.api.pcie.Access.READ;
import static iommu.api.pcie.Access.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.Chip;
import iommu.testkit.FakeFunction;
import iommu.testkit.FakeKernelPort.RegisterWrite;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Two kernels after each other on one chip. */
class LinuxCalgaryDriverTest {

    private static final long PAGE = 0x300_0000;
    private static final FakeFunction DISK = new FakeFunction(Chip.DISK, 0x010400);
    private static final FakeFunction NIC = new FakeFunction(Chip.NIC, 0x020000);

    private final Chip chip = new Chip();

    private LinuxCalgaryDriver kernel(String version, Map<String, Long> settings) {
        KernelProfile profile = KernelProfile.linux(KernelVersion.parse(version));
        for (var setting : settings.entrySet()) {
            profile = profile.with(setting.getKey(), setting.getValue());
        }
        return new LinuxCalgaryDriver(profile, chip.port);
    }

    private LinuxCalgaryDriver running() throws StepRefusedException {
        LinuxCalgaryDriver driver = kernel("2.6.27", Map.of());
        driver.startClean();
        return driver;
    }

    private LinuxCalgaryDriver next(String version) {
        chip.port.pagesFrom(0x200_0000, 0x280_0000);
        chip.port.console().clear();
        return kernel(version, Map.of());
    }

    private long table(int phb) {
        return CalgaryRegisters.TAR_BASE.inPlace(chip.tar(phb));
    }

    // ---- a clean start --------------------------------------------------------------------------

    @Test
    void bridgesWithAgentsGetATableEachAsLargeAsRamNeeds() throws StepRefusedException {
        running();
        assertThat(CalgaryRegisters.TAR_SIZE.of(chip.tar(1))).as("64 MiB").isEqualTo(1);
        assertThat(table(1) % 0x2_0000).as("aligned to its size").isZero();
        assertThat(table(2)).isNotEqualTo(table(1)).isNotZero();
        assertThat(chip.get(1, CalgaryRegisters.CONFIG_RW)).isEqualTo(0x2110_0000);
        assertThat(chip.get(3, CalgaryRegisters.CONFIG_RW)).as("no agents").isZero();
        assertThat(chip.port.console()).contains("PCI-DMA: Calgary TCE table spec is 1",
                "Calgary: enabling translation on Calgary PHB 0x1",
                "Calgary: enabling translation on Calgary PHB 0x2");
    }

    @Test
    void bus1WaitsTwoSecondsForItsAdapter() throws StepRefusedException {
        running();
        assertThat(Long.reverseBytes(chip.unit.readRegister(CalgaryRegisters.CONFIG, 8)))
                .isEqualTo(0xeL << 63 - 23);
    }

    @Test
    void emptySlotsMayTranslateToo() throws StepRefusedException {
        kernel("2.6.27", Map.of("calgary.translatesEmptySlots", 1L, "calgary.tableSize", 0L))
                .startClean();
        assertThat(chip.get(3, CalgaryRegisters.CONFIG_RW)).isEqualTo(0x2110_0000);
        assertThat(CalgaryRegisters.TAR_SIZE.of(chip.tar(3))).isZero();
    }

    @Test
    void withoutATableThereIsNothingToMapIn() {
        LinuxCalgaryDriver driver = kernel("2.6.27", Map.of());
        driver.resume();
        assertThat(driver.hasTables()).isFalse();
        assertThatThrownBy(() -> driver.map(Chip.DISK, 0x10_0000, PAGE, 4096, READ))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- mappings -------------------------------------------------------------------------------

    @Test
    void addressesAreGivenOutBehindTheEmergencyPages() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        DmaBuffer first = driver.dmaOps().map(DISK, PAGE + 0x123, 100, WRITE);
        assertThat(first.iova()).isEqualTo(0x2_0123);
        assertThat(chip.entry(table(1), 0x20)).isEqualTo(PAGE | 3);
        assertThat(driver.dmaOps().map(DISK, PAGE, 4096, READ).iova()).isEqualTo(0x2_1000);
        assertThat(chip.entry(table(1), 0x21)).isEqualTo(PAGE | 1);
        assertThat(driver.dmaOps().map(NIC, PAGE, 4096, READ).iova()).as("a table of its own")
                .isEqualTo(0x2_0000);
        assertThat(driver.dmaOps().map(DISK, PAGE + 0xfff, 2, READ).iova()).as("two pages")
                .isEqualTo(0x2_2fff);
        assertThat(chip.entry(table(1), 0x23)).isEqualTo(PAGE + 0x1000 | 1);
    }

    @Test
    void theHoleBelow1MibAndTheWindowsAreNotGivenOut() throws StepRefusedException {
        chip.set(1, CalgaryRegisters.MEM_1_LOW, 0x20_0000);
        chip.set(1, CalgaryRegisters.MEM_1_SIZE, 0x2f_0000);
        LinuxCalgaryDriver driver = running();
        long last = 0;
        for (int i = 0x20; i < 0xa0; i++) {
            last = driver.dmaOps().map(DISK, PAGE, 4096, READ).iova();
        }
        assertThat(last).isEqualTo(0x9_f000);
        assertThat(driver.dmaOps().map(DISK, PAGE, 4096, READ).iova()).isEqualTo(0x10_0000);
        for (int i = 0x101; i < 0x200; i++) {
            last = driver.dmaOps().map(DISK, PAGE, 4096, READ).iova();
        }
        assertThat(last).isEqualTo(0x1f_f000);
        assertThat(driver.dmaOps().map(DISK, PAGE, 4096, READ).iova()).isEqualTo(0x30_0000);
    }

    @Test
    void anAddressComesBackOnlyAfterTheEndAndThenTheCacheIsDropped() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        DmaBuffer freed = driver.dmaOps().map(DISK, PAGE, 4096, WRITE);
        chip.unit.translate(Chip.DISK, freed.iova(), WRITE);
        driver.dmaOps().unmap(DISK, freed);
        assertThat(chip.entry(table(1), 0x20)).isZero();
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, freed.iova(), WRITE)))
                .as("still cached").isEqualTo(PAGE);
        assertThat(driver.dmaOps().map(DISK, PAGE, 4096, READ).iova()).isEqualTo(0x2_1000);
        driver.dmaOps().map(DISK, PAGE, (16384 - 0x100) * 4096, READ);
        chip.told.clear();
        assertThat(driver.dmaOps().map(DISK, PAGE + 0x5000, 4096, WRITE).iova())
                .isEqualTo(freed.iova());
        assertThat(chip.told).containsExactly("TCE cache of PHB 1");
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, freed.iova(), WRITE)))
                .isEqualTo(PAGE + 0x5000);
    }

    @Test
    void aFullTableFailsTheDriver() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        assertThatThrownBy(() -> driver.dmaOps().map(DISK, PAGE, 16385 * 4096, READ))
                .isInstanceOf(DmaMappingException.class)
                .hasMessage("Calgary: failed to allocate 16385 pages in iommu");
        assertThat(chip.port.console()).contains("Calgary: IOMMU full.");
    }

    @Test
    void aBusWithoutTableIsReachedDirectly() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        var other = new FakeFunction(RequesterId.of(0, 4, 1, 0), 0x020000);
        assertThat(driver.dmaOps().mapsDma(other)).isFalse();
        assertThat(driver.dmaOps().mapsDma(DISK)).isTrue();
        DmaBuffer direct = driver.dmaOps().map(other, PAGE + 5, 100, READ);
        assertThat(direct).isEqualTo(new DmaBuffer(PAGE + 5, PAGE + 5, 100));
        driver.dmaOps().unmap(other, direct);
    }

    // ---- Montgomery's rule ----------------------------------------------------------------------

    @Test
    void theCrashRangeIsMappedToItself() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        var range = new AddressRange(0x200_0000, 0x280_0000);
        driver.dmaOps().reserve(range);
        driver.dmaOps().identityMap(DISK, range);
        for (long i = 0x2000; i < 0x2800; i++) {
            assertThat(chip.entry(table(1), i)).isEqualTo(i << 12 | 3);
        }
        assertThat(chip.entry(table(1), 0x2800)).isZero();
        assertThat(chip.entry(table(2), 0x2000)).as("another bridge").isZero();
        driver.dmaOps().map(DISK, PAGE, 0x1f00 * 4096, READ);
        assertThat(driver.dmaOps().map(DISK, PAGE, 4096, READ).iova()).as("never given out")
                .isEqualTo(0x280_0000);
    }

    /** S2-2: whoever maps the range and does not reserve it has it given out all the same. */
    @Test
    void withoutTheReservationTheRangeIsGivenOut() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        var range = new AddressRange(0x200_0000, 0x280_0000);
        driver.dmaOps().identityMap(DISK, range);
        driver.dmaOps().map(DISK, PAGE, 0x1f00 * 4096, READ);
        DmaBuffer over = driver.dmaOps().map(DISK, PAGE, 4096, READ);
        assertThat(range.contains(over.iova())).isTrue();
        assertThat(chip.entry(table(1), over.iova() >> 12)).isEqualTo(PAGE | 1);
    }

    @Test
    void aRangeBeyondTheTableIsRefused() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        assertThatThrownBy(() -> driver.dmaOps().identityMap(DISK,
                new AddressRange(0x3ff_f000, 0x400_1000)))
                .isInstanceOf(StepRefusedException.class);
    }

    // ---- the hand-over --------------------------------------------------------------------------

    @Test
    void aCaptureKernelGoesOnWithTheTableItFinds() throws StepRefusedException {
        LinuxCalgaryDriver first = running();
        DmaBuffer old = first.dmaOps().map(DISK, PAGE, 4096, WRITE);
        long tar = chip.tar(1);
        chip.told.clear();
        chip.port.registerWrites().clear();
        LinuxCalgaryDriver second = next("2.6.27");
        second.adoptTables(AdoptDepth.IN_PLACE);
        assertThat(chip.tar(1)).isEqualTo(tar);
        assertThat(chip.told).as("never off").doesNotContain("off");
        assertThat(chip.port.registerWrites()).filteredOn(w -> w.offset() == 0x9160)
                .containsExactly(new RegisterWrite(0x9160, 4, 0x0000_1021L));
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, old.iova(), WRITE)))
                .isEqualTo(PAGE);
        assertThat(second.dmaOps().map(DISK, 0x210_0000, 4096, READ).iova())
                .as("entries that are not 0 stay").isEqualTo(old.iova() + 4096);
    }

    @Test
    void whatIsZeroIsGivenOutAgain() throws StepRefusedException {
        LinuxCalgaryDriver first = running();
        first.dmaOps().map(DISK, PAGE, 4096, WRITE);
        DmaBuffer freed = first.dmaOps().map(DISK, PAGE, 4096, WRITE);
        first.dmaOps().map(DISK, PAGE, 4096, WRITE);
        first.dmaOps().unmap(DISK, freed);
        LinuxCalgaryDriver second = next("2.6.27");
        second.adoptTables(AdoptDepth.IN_PLACE);
        assertThat(second.dmaOps().map(DISK, 0x210_0000, 4096, READ).iova())
                .isEqualTo(freed.iova());
    }

    @ParameterizedTest
    @EnumSource(value = AdoptDepth.class, names = {"IN_PLACE", "KEEP_IN_PLACE"},
        mode = Mode.EXCLUDE)
    void otherDepthsAreRefused(AdoptDepth depth) throws StepRefusedException {
        running();
        assertThatThrownBy(() -> next("2.6.27").adoptTables(depth))
                .hasMessageContaining("reuses it in place, not " + depth);
    }

    @Test
    void before2627TablesAreNew() throws StepRefusedException {
        LinuxCalgaryDriver first = running();
        DmaBuffer old = first.dmaOps().map(DISK, PAGE, 4096, WRITE);
        LinuxCalgaryDriver second = next("2.6.26");
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.IN_PLACE))
                .hasMessageContaining("before 2.6.27");
        chip.told.clear();
        second.startClean();
        assertThat(chip.told).as("translation stays on").doesNotContain("off");
        assertThat(table(1)).isBetween(0x200_0000L, 0x280_0000L);
        assertThat(Translation.isBlocked(chip.unit.translate(Chip.DISK, old.iova(), WRITE)))
                .isTrue();
    }

    /** What POWER does, and this chip's kernels since: a policy may do it whatever the version. */
    @Test
    void whatIsNotZeroIsKeptByAnyVersionThatIsTold() throws StepRefusedException {
        DmaBuffer old = running().dmaOps().map(DISK, PAGE, 4096, WRITE);
        LinuxCalgaryDriver second = next("2.6.26");
        second.adoptTables(AdoptDepth.KEEP_IN_PLACE);
        assertThat(second.dmaOps().map(DISK, 0x210_0000, 4096, READ).iova())
                .isEqualTo(old.iova() + 4096);
    }

    @Test
    void devicesAreBlockedByANewTable() throws StepRefusedException {
        DmaBuffer old = running().dmaOps().map(DISK, PAGE, 4096, WRITE);
        chip.told.clear();
        next("2.6.27").startBlocked();
        assertThat(chip.told).doesNotContain("off");
        assertThat(Translation.isBlocked(chip.unit.translate(Chip.DISK, old.iova(), WRITE)))
                .isTrue();
    }

    @Test
    void allOfATableLeadsToTheScratchPageUntilDriversMap() throws StepRefusedException {
        DmaBuffer old = running().dmaOps().map(DISK, PAGE, 4096, WRITE);
        LinuxCalgaryDriver second = next("2.6.27");
        second.mapScratch();
        long scratch = Translation.address(chip.unit.translate(Chip.DISK, old.iova(), WRITE));
        assertThat(scratch).isBetween(0x200_0000L, 0x280_0000L);
        assertThat(Translation.address(chip.unit.translate(Chip.NIC, 0x30_0000, READ)))
                .isEqualTo(scratch);
        DmaBuffer own = second.dmaOps().map(DISK, 0x210_0000, 4096, WRITE);
        assertThat(chip.entry(table(1), own.iova() >> 12)).isEqualTo(0x210_0003L);
    }

    @Test
    void noFunctionIsBlockedAloneAndNothingThatIsOff() throws StepRefusedException {
        assertThatThrownBy(() -> next("2.6.27").mapScratch())
                .hasMessage("translation is not enabled");
        assertThatThrownBy(() -> next("2.6.27").startBlocked())
                .hasMessage("translation is not enabled");
        LinuxCalgaryDriver first = running();
        assertThatThrownBy(() -> first.block(Chip.DISK))
                .isInstanceOf(StepRefusedException.class);
    }

    @Test
    void whatIsOffCannotBeAdopted() {
        assertThatThrownBy(() -> next("2.6.27").adoptTables(AdoptDepth.IN_PLACE))
                .hasMessage("translation is not enabled");
    }

    /** The mask that is to clear the size in the address has only this kernel's size's bits. */
    @ParameterizedTest
    @CsvSource({"1, 0", "2, 2", "3, 2", "5, 4"})
    void aTableOfAnotherSizeIsTakenToLieBehindItsBeginning(long found, int off)
            throws StepRefusedException {
        kernel("2.6.27", Map.of("calgary.tableSize", found)).startClean();
        long base = table(1);
        LinuxCalgaryDriver second = next("2.6.27");
        second.adoptTables(AdoptDepth.IN_PLACE);
        assertThat(second.bridges().tableOf(1).base()).isEqualTo(base + off);
        DmaBuffer own = second.dmaOps().map(DISK, 0x210_0000, 4096, WRITE);
        long entry = chip.entry(base, own.iova() >> 12);
        assertThat(entry).isEqualTo(0x210_0003L >>> 8 * off);
        assertThat(chip.entry(base, (own.iova() >> 12) + 1))
                .isEqualTo(off == 0 ? 0 : 0x210_0003L << 64 - 8 * off);
    }

    @Test
    void aKernelThatWasGivenTheSizeFindsTheTable() throws StepRefusedException {
        kernel("3.15", Map.of("calgary.tableSize", 3L)).startClean();
        long base = table(1);
        chip.port.pagesFrom(0x200_0000, 0x280_0000);
        LinuxCalgaryDriver second = kernel("3.15", Map.of("calgary.tableSize", 3L));
        second.adoptTables(AdoptDepth.IN_PLACE);
        assertThat(second.bridges().tableOf(1).base()).isEqualTo(base);
        assertThat(second.bridges().tableOf(1).entries()).isEqualTo(64 * 1024);
    }

    @Test
    void translationCanBeSwitchedOff() throws StepRefusedException {
        LinuxCalgaryDriver first = running();
        first.disableTranslation();
        assertThat(chip.get(1, CalgaryRegisters.CONFIG_RW)).isZero();
        assertThat(first.hasTables()).isFalse();
        assertThat(chip.port.console()).contains("Calgary: disabling translation on PHB 0x1!");
        LinuxCalgaryDriver second = running();
        chip.port.deaf(true);
        assertThatThrownBy(second::disableTranslation).hasMessage("TCE_ENABLE stays 1");
    }

    @Test
    void aKernelThatGoesOnLearnsItsTables() throws StepRefusedException {
        LinuxCalgaryDriver first = running();
        DmaBuffer old = first.dmaOps().map(DISK, PAGE, 4096, WRITE);
        LinuxCalgaryDriver again = kernel("2.6.27", Map.of());
        again.resume();
        assertThat(again.hasTables()).isTrue();
        assertThat(again.bridges().tableOf(1).base()).isEqualTo(table(1));
        again.dmaOps().unmap(DISK, old);
        assertThat(chip.entry(table(1), old.iova() >> 12)).isZero();
    }

    @Test
    void theStepsByRequesterReachTheSameTable() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        driver.map(Chip.DISK, 0x10_0000, PAGE, 0x2000, READ);
        assertThat(chip.entry(table(1), 0x101)).isEqualTo(PAGE + 0x1000 | 1);
        driver.unmap(Chip.DISK, 0x10_0000, 0x2000);
        assertThat(chip.entry(table(1), 0x101)).isZero();
        driver.unmap(RequesterId.of(0, 4, 1, 0), 0, 4096);
    }

    // ---- the watchdog ---------------------------------------------------------------------------

    @Test
    void anErrorCostsTheBusWithinTwoSeconds() throws StepRefusedException {
        LinuxCalgaryDriver driver = running();
        DmaBuffer buffer = driver.dmaOps().map(DISK, PAGE, 4096, READ);
        chip.port.advance(5_000_000_000L);
        assertThat(chip.port.console()).noneMatch(line -> line.contains("DMA error"));
        chip.unit.translate(Chip.MANAGEMENT, 0x500_0000, WRITE);
        chip.port.advance(1_999_999_999L);
        assertThat(chip.port.console()).contains(
                "Calgary: DMA error on Calgary PHB 0x1, 0x10030000@CSR 0x04000000@PLSSR");
        assertThat(chip.get(1, CalgaryRegisters.CONFIG_RW)).isEqualTo(0x3d10_0000);
        assertThat(chip.get(1, CalgaryRegisters.CSR)).isZero();
        assertThat(Translation.isBlocked(
                chip.unit.translate(Chip.DISK, buffer.iova(), READ))).isTrue();
        assertThat(Translation.isBlocked(chip.unit.translate(Chip.NIC, 0, READ)))
                .as("PHB 2 has an error of its own now").isTrue();
        chip.port.advance(2_000_000_000L);
        assertThat(chip.get(2, CalgaryRegisters.CONFIG_RW)).isEqualTo(0x3d10_0000);
    }

    @Test
    void theWatchdogLooksOnceMoreAtNothing() throws StepRefusedException {
        running();
        chip.unit.translate(Chip.DISK, 0x500_0000, WRITE);
        chip.port.advance(2_000_000_000L);
        chip.set(1, CalgaryRegisters.CONFIG_RW, 0x2110_0000);
        chip.unit.translate(Chip.DISK, 0x500_0000, WRITE);
        chip.port.console().clear();
        chip.port.advance(10_000_000_000L);
        assertThat(chip.port.console()).as("it is not set again after an error").isEmpty();
    }
}
