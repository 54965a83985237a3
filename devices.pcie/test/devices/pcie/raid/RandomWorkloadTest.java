// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The driver's own work under the first kernel, drawn at random: only what is mapped is touched,
 * and as its mapping allows; no page is lost; a capture kernel takes the controller over from it.
 */
class RandomWorkloadTest {

    private final RaidMachine machine = RaidMachine.with("mediumNanos", 1_000_000);
    private RandomStream random;

    private Workload workload() {
        return new Workload(20 + random.nextInt(600), random.oneIn(2), random.nextInt(1001),
                1 + random.nextInt(4096), RaidMachine.pages(0x10000, 1 + random.nextInt(8)),
                RaidMachine.pages(0x20000, random.nextInt(4)),
                RaidMachine.pages(0x30000, 1 + random.nextInt(4)),
                RaidMachine.pages(0x40000, random.nextInt(4)), null);
    }

    /** Returns the pages that a request may touch. */
    private Set<Long> allowed(Workload workload, boolean reads) {
        List<DmaBuffer> buffers = new ArrayList<>(workload.rings());
        buffers.addAll(workload.writable());
        buffers.addAll(reads ? workload.readable() : workload.writeOnly());
        Set<Long> pages = new HashSet<>();
        buffers.forEach(buffer -> pages.add(buffer.iova() >>> 12));
        return pages;
    }

    @Seeds(count = 20)
    void itTouchesWhatIsMappedAndLosesNothing(long seed) {
        random = new RandomStream(seed, "workload");
        Workload workload = workload();
        var driver = new HpsaDriver(machine.port);
        driver.start(workload, seed);
        for (int i = 0; i < 30; i++) {
            machine.clock.advance(random.nextInt(20_000_000));
            assertThat(driver.service()).isPositive();
            assertThat(machine.port.pagesInUse()).isEqualTo(machine.port.mapped().size());
            assertThat(machine.port.mapped()).hasSizeLessThanOrEqualTo(1020 + 25);
        }
        Set<Long> read = allowed(workload, true);
        Set<Long> written = allowed(workload, false);
        assertThat(machine.root.requests()).isNotEmpty().allMatch(r ->
                r.address() >= 0x80_0000 // pages of the kernel's pool, each mapped when posted
                        || (r.kind() == iommu.testkit.Request.Kind.READ ? read : written)
                                .contains(r.address() >>> 12));
        machine.clock.advance(2 * RaidMachine.SECOND);
        assertThat(machine.committed).hasSameSizeAs(machine.port.posted());
        takenOver(driver);
    }

    private void takenOver(HpsaDriver crashed) {
        crashed.service();
        var capture = new HpsaDriver(machine.port);
        assertThat(capture.probe()).isNull();
        int before = machine.committed.size();
        machine.fill(0x9000, 4096);
        assertThat(capture.write(0x9000, 4096, 12345)).isNull();
        assertThat(machine.committed).hasSize(before + 1);
        assertThat(machine.committed.get(before).bytes())
                .isEqualTo(machine.bytes(0x9000, 4096));
    }
}
