// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import static iommu.legacy.gart.Northbridge.APERTURE;
import static iommu.legacy.gart.Northbridge.HIGH;
import static iommu.legacy.gart.Northbridge.NARROW;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.sim.RandomStream;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.legacy.gart.GattEntry;
import iommu.legacy.gart.Northbridge;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;

/** Whatever is mapped and unmapped: a request finds what is mapped now, or what is not. */
class MappingModelTest {

    private static final int STEPS = 400;

    private final Northbridge node = new Northbridge();
    private final List<DmaBuffer> live = new ArrayList<>();

    private long translated(long address) {
        return Translation.address(
                node.unit.translate(NARROW.requesterId(), address, Access.WRITE));
    }

    private void program(LinuxGartDriver driver, RandomStream random) {
        for (int i = 0; i < STEPS; i++) {
            if (!live.isEmpty() && random.oneIn(3)) {
                driver.dmaOps().unmap(NARROW, live.remove(random.nextInt(live.size())));
            } else {
                long at = random.oneIn(4) ? 0x10_0000 + random.nextInt(1 << 20)
                        : HIGH + random.nextInt(1 << 20);
                int bytes = 1 + random.nextInt(3 * 4096);
                DmaBuffer buffer = driver.dmaOps().map(NARROW, at, bytes, Access.READ);
                assertThat(buffer.iova() >= APERTURE).isEqualTo(at >= HIGH);
                live.add(buffer);
            }
            live.forEach(buffer -> {
                int at = random.nextInt(buffer.bytes());
                assertThat(translated(buffer.iova() + at))
                        .isEqualTo(buffer.physicalAddress() + at);
            });
        }
    }

    @Seeds(count = 6)
    void whatIsMappedIsFound(long seed) throws StepRefusedException {
        var driver = new LinuxGartDriver(KernelProfile.linux(KernelVersion.parse("2.6.27")),
                node.port);
        driver.startClean();
        program(driver, new RandomStream(seed, "gart"));
    }

    /** No entry is forgotten. */
    @Seeds(count = 3)
    void whatIsUnmappedIsTheScratchPage(long seed) throws StepRefusedException {
        var driver = new LinuxGartDriver(KernelProfile.linux(KernelVersion.parse("2.6.27")),
                node.port);
        driver.startClean();
        program(driver, new RandomStream(seed, "gart scratch"));
        live.forEach(buffer -> driver.dmaOps().unmap(NARROW, buffer));
        long scratch = GattEntry.page(node.entry(16383));
        for (int i = 32; i < 16384; i++) {
            assertThat(GattEntry.page(node.entry(i))).isEqualTo(scratch);
        }
    }
}
