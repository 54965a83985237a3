// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.swiotlb;

import static iommu.api.pcie.Access.READ;
import static iommu.api.pcie.Access.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DmaBuffer;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import iommu.api.unit.KernelPanicException;
import iommu.testkit.FakeFunction;
import iommu.testkit.FakeKernelPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who gets bounce buffers, and what they do at which time. */
class SwiotlbTest {

    private static final long HIGH = 5L << 30;
    private static final long GIB = 1L << 30;
    private static final FakeFunction NARROW = new FakeFunction(16, 0x010000);
    private static final FakeFunction WIDE = new FakeFunction(8, 0x020000);

    private final PhysicalMemory memory = PhysicalMemory.zeroed(List.of(
            new AddressRange(0, 16L << 20), new AddressRange(HIGH, HIGH + (1 << 20))));
    private final FakeKernelPort port = new FakeKernelPort(null, memory, 0x10_0000, 16L << 20);

    SwiotlbTest() {
        port.dmaBits(16, 32);
        port.memoryEnds(6 * GIB, 6 * GIB);
    }

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    /** A kernel with 1024 slots, 2 MiB. */
    private DmaOps ops(String version) {
        return new Swiotlb().dmaOps(linux(version).with("swiotlb.slots", 1024), port);
    }

    private DmaOps forced() {
        return new Swiotlb().dmaOps(linux("6.1").with("swiotlb.slots", 1024)
                .with("swiotlb.force", 1), port);
    }

    // ---- who has them ---------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"4, 1, false", "5, 1, true", "3, 2, true", "6, 0, false"})
    void memoryAbove4GibOrTheCommandLineBringsThem(long gibibytes, long use, boolean there) {
        port.memoryEnds(gibibytes * GIB, 64 * GIB);
        assertThat(new Swiotlb().dmaOps(linux("6.1").with("swiotlb.slots", 128)
                .with("swiotlb.use", use), port) != null).isEqualTo(there);
    }

    @Test
    void theyLieLowAndAreTold() {
        ops("6.1");
        assertThat(port.console()).containsExactly(
                "PCI-DMA: Using software bounce buffering for IO (SWIOTLB)",
                "software IO TLB [mem 0x00200000-0x003fffff] (2MB)");
    }

    /** IO_TLB_DEFAULT_SIZE and IO_TLB_SHIFT of Linux. */
    @Test
    void usuallyTheyAre64Mib() {
        assertThat(BounceKernel.of(linux("3.10")).slots() * (long) BounceBuffers.SLOT_BYTES)
                .isEqualTo(64L << 20);
        assertThat(BounceKernel.of(linux("3.10").with("swiotlb.slots", 129)).slots())
                .isEqualTo(256);
    }

    @ParameterizedTest
    @CsvSource({"swiotlb=force, swiotlb.force, 1", "swiotlb=force, swiotlb.use, 2",
        "iommu=soft, swiotlb.use, 2", "iommu=off, swiotlb.use, 0",
        "'swiotlb=65536 quiet', swiotlb.slots, 65536", "swiotlb=9999999, swiotlb.slots, 1048576"})
    void wordsSetSettings(String line, String setting, long value) {
        assertThat(new Swiotlb().kernelOptions(line))
                .anyMatch(o -> setting.equals(o.setting()) && o.value() == value);
        assertThat(new Swiotlb().kernelSettings()).contains(setting);
    }

    @Test
    void otherWordsSetNothing() {
        assertThat(new Swiotlb().kernelOptions("xswiotlb=5 swiotlb=noforce"))
                .extracting(KernelOption::setting).isEmpty();
        assertThatThrownBy(() -> new Swiotlb().dmaOps(linux("6.1").with("swiotlb.x", 1), port))
                .hasMessageContaining("unknown kernel setting 'swiotlb.x'");
    }

    @Test
    void theDocumentHasTheRowsOfTheTableAndNoOthers() throws IOException {
        Path document = Path.of(System.getProperty("lab.root", ".."), "docs", "kernels.md");
        assertThat(Files.readAllLines(document)).filteredOn(l -> l.startsWith("| `swiotlb."))
                .isEqualTo(BounceKernel.ALL.stream().flatMap(s -> s.rows().stream()).toList());
    }

    // ---- without low memory ---------------------------------------------------------------------

    private void noLowMemory() {
        port.pagesFrom(HIGH, HIGH + (1 << 20) * 4L);
    }

    @Test
    void before39AKernelWithoutLowMemoryPanicsAsItBoots() {
        noLowMemory();
        assertThatThrownBy(() -> new Swiotlb().dmaOps(linux("3.8").with("swiotlb.slots", 128),
                port)).isInstanceOf(KernelPanicException.class)
                .hasMessage("Cannot allocate SWIOTLB buffer");
    }

    @Test
    void laterItPanicsAtTheFirstMappingThatNeedsOne() {
        noLowMemory();
        DmaOps ops = new Swiotlb().dmaOps(linux("3.10").with("swiotlb.slots", 128), port);
        assertThat(port.console()).containsExactly("Cannot allocate SWIOTLB buffer");
        assertThat(ops.map(WIDE, HIGH, 4096, READ).iova()).isEqualTo(HIGH);
        assertThatThrownBy(() -> ops.map(NARROW, HIGH, 4096, READ))
                .isInstanceOf(KernelPanicException.class);
    }

    @Test
    void stillLaterTheDriverFails() {
        noLowMemory();
        DmaOps ops = new Swiotlb().dmaOps(linux("6.1").with("swiotlb.slots", 128), port);
        assertThatThrownBy(() -> ops.map(NARROW, HIGH, 4096, READ))
                .isInstanceOf(DmaMappingException.class).hasMessageContaining("SWIOTLB");
    }

    // ---- what they do ---------------------------------------------------------------------------

    @Test
    void whatTheDeviceReachesDoesNotBounce() {
        DmaOps ops = ops("6.1");
        assertThat(ops.map(NARROW, 0x50_0000, 4096, WRITE).iova()).isEqualTo(0x50_0000);
        assertThat(ops.map(WIDE, HIGH, 4096, WRITE).iova()).isEqualTo(HIGH);
        assertThat(ops.mapsDma(NARROW)).isFalse();
    }

    @Test
    void whatIsReadIsCopiedAtMapAndOnlyThen() {
        DmaOps ops = ops("6.1");
        memory.write64(HIGH, 0x1111);
        DmaBuffer buffer = ops.map(NARROW, HIGH, 512, READ);
        assertThat(buffer.iova()).isLessThan(1L << 32).isGreaterThanOrEqualTo(0x20_0000);
        assertThat(memory.read64(buffer.iova())).isEqualTo(0x1111);
        memory.write64(HIGH, 0x2222);
        memory.write64(buffer.iova() + 8, 0x3333);
        ops.unmap(NARROW, buffer);
        assertThat(memory.read64(buffer.iova())).isEqualTo(0x1111);
        assertThat(memory.read64(HIGH + 8)).as("not written by the device").isZero();
    }

    @Test
    void whatIsWrittenIsCopiedAtUnmapAndOnlyThen() {
        DmaOps ops = ops("6.1");
        DmaBuffer buffer = ops.map(NARROW, HIGH + 0x1000, 512, WRITE);
        memory.write64(buffer.iova(), 0x4444);
        assertThat(memory.read64(HIGH + 0x1000)).as("late DMA never arrives").isZero();
        ops.unmap(NARROW, buffer);
        assertThat(memory.read64(HIGH + 0x1000)).isEqualTo(0x4444);
        memory.write64(buffer.iova(), 0x5555);
        ops.unmap(NARROW, buffer);
        assertThat(memory.read64(HIGH + 0x1000)).as("unmapped once").isEqualTo(0x4444);
    }

    @Test
    void noByteBehindABufferIsTouched() {
        DmaOps ops = ops("6.1");
        memory.write64(HIGH + 8, -1L);
        DmaBuffer buffer = ops.map(NARROW, HIGH, 11, WRITE);
        memory.write64(buffer.iova() + 8, 0);
        ops.unmap(NARROW, buffer);
        assertThat(memory.read64(HIGH + 8)).isEqualTo(0xffff_ffff_ff00_0000L);
    }

    @Test
    void underForceAllBouncesButWhatBothSidesWrite() {
        DmaOps ops = forced();
        assertThat(ops.map(WIDE, 0x50_0000, 4096, READ).iova()).isNotEqualTo(0x50_0000);
        assertThat(ops.map(WIDE, 0x50_0000, 4096, READ | WRITE).iova()).isEqualTo(0x50_0000);
    }

    @Test
    void pagesAreAlignedAndSegmentsNotCrossed() {
        DmaOps ops = ops("6.1");
        ops.map(NARROW, HIGH, 100, READ);
        assertThat(ops.map(NARROW, HIGH, 4096, READ).iova() % 4096).isZero();
        long first = ops.map(NARROW, HIGH, 200 << 10, READ).iova();
        assertThat(first >> 18).isEqualTo(first + (200 << 10) - 1 >> 18);
        assertThat(ops.map(NARROW, HIGH, 200 << 10, READ).iova() >> 18).as("the next segment")
                .isEqualTo((first >> 18) + 1);
        assertThatThrownBy(() -> ops.map(NARROW, HIGH, (256 << 10) + 1, READ))
                .isInstanceOf(DmaMappingException.class);
    }

    @Test
    void aSlotIsGivenOutAgainAfterAllOthers() {
        DmaOps ops = ops("6.1");
        List<DmaBuffer> all = new ArrayList<>();
        for (int i = 0; i < 1024; i++) {
            all.add(ops.map(NARROW, HIGH, 64, READ));
        }
        assertThat(all.stream().map(DmaBuffer::iova).distinct()).hasSize(1024);
        assertThatThrownBy(() -> ops.map(NARROW, HIGH, 64, READ))
                .isInstanceOf(DmaMappingException.class)
                .hasMessage("swiotlb buffer is full (sz: 64 bytes)");
        ops.unmap(NARROW, all.get(5));
        assertThat(ops.map(NARROW, HIGH, 64, READ)).isEqualTo(all.get(5));
    }
}
