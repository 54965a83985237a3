// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Whatever was mapped stays, whatever becomes of the old tables, and nothing meets it. */
class KeptDomainsPropertyTest {

    private static final int[] DEVICES = {KernelFixture.NIC, KernelFixture.DISK, 0x100};
    private static final int PAGE = 4096;
    private static final long FIRST_KERNEL = 0x20_0000;
    private static final long FIRST_KERNEL_END = 0x100_0000;
    private static final long NEW_PAGE = 0x210_0000;

    /** A mapping of a device. */
    private record Mapped(int device, long iova, long page, int pages) { }

    private static List<Mapped> random(RandomStream random, LinuxAmdViDriver first) {
        var all = new ArrayList<Mapped>();
        var next = new HashMap<Integer, Long>();
        for (int i = 0; i < 40; i++) {
            int device = DEVICES[random.nextInt(DEVICES.length)];
            int pages = 1 << random.nextInt(4);
            // upwards from a device's last one, with holes, over ends of tables
            long iova = next.getOrDefault(device, 0x7f_f000_0000L)
                    + (long) random.nextInt(600) * PAGE & -(long) pages * PAGE;
            iova = Math.max(iova, next.getOrDefault(device, 0L) + pages * PAGE - 1
                    & -(long) pages * PAGE);
            var mapped = new Mapped(device, iova, 0x200_0000L + (long) i * 16 * PAGE, pages);
            first.map(device, iova, mapped.page(), (long) pages * PAGE, KernelFixture.RW);
            next.put(device, iova + (long) pages * PAGE);
            all.add(mapped);
        }
        return all;
    }

    @Seeds(count = 6)
    void allThatWasMappedStaysAndNewMappingsLieBesideIt(long seed) throws StepRefusedException {
        var random = new RandomStream(seed, "kept");
        var fixture = new KernelFixture();
        LinuxAmdViDriver first = fixture.firstKernel();
        List<Mapped> old = random(random, first);
        Map<Integer, Integer> ids = new HashMap<>();
        old.forEach(m -> ids.put(m.device(), first.domain(m.device())));
        fixture.captureKernelPages();
        LinuxAmdViDriver second = fixture.driver();
        second.adoptTables(AdoptDepth.KEEP_COPIED);
        for (long at = FIRST_KERNEL; at < FIRST_KERNEL_END; at += Long.BYTES) {
            fixture.memory.write64(at, random.nextLong());
        }
        for (int device : ids.keySet()) {
            assertThat(second.domain(device)).isEqualTo(ids.get(device));
            List<KernelPort.Range> kept = second.keptRanges(device);
            assertThat(kept.stream().mapToLong(KernelPort.Range::bytes).sum()).isEqualTo(
                    old.stream().filter(m -> m.device() == device).mapToLong(m -> m.pages()
                            * (long) PAGE).sum());
            long free = kept.get(kept.size() - 1).start() + kept.get(kept.size() - 1).bytes();
            second.map(device, free, NEW_PAGE, PAGE, KernelFixture.RW);
            assertThat(fixture.go(device, free + 8)).isEqualTo(NEW_PAGE + 8);
        }
        for (Mapped m : old) {
            long last = (m.pages() - 1) * (long) PAGE;
            assertThat(fixture.go(m.device(), m.iova())).as("%s", m).isEqualTo(m.page());
            assertThat(fixture.go(m.device(), m.iova() + last + 4)).as("%s", m)
                    .isEqualTo(m.page() + last + 4);
        }
        assertThat(fixture.switched).isEmpty();
    }
}
