// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.legacy.calgary.Chip;
import iommu.testkit.FakeFunction;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;

/** Whatever is mapped and unmapped, by one kernel or two: a request finds what is mapped now. */
class MappingModelTest {

    private static final FakeFunction DISK = new FakeFunction(Chip.DISK, 0x010400);
    private static final int STEPS = 400;

    private record Mapped(DmaBuffer buffer, int access) { }

    private final Chip chip = new Chip();
    private final Map<Long, Mapped> live = new HashMap<>();

    private LinuxCalgaryDriver kernel() {
        return new LinuxCalgaryDriver(KernelProfile.linux(KernelVersion.parse("2.6.27")),
                chip.port);
    }

    private void program(LinuxCalgaryDriver driver, RandomStream random) {
        for (int i = 0; i < STEPS; i++) {
            if (!live.isEmpty() && random.oneIn(3)) {
                long one = live.keySet().stream().sorted().skip(random.nextInt(live.size()))
                        .findFirst().orElseThrow();
                driver.dmaOps().unmap(DISK, live.remove(one).buffer);
            } else {
                long at = 0x200_0000 + random.nextInt(1 << 20);
                int bytes = 1 + random.nextInt(3 * 4096);
                int access = 1 + random.nextInt(3);
                DmaBuffer buffer = driver.dmaOps().map(DISK, at, bytes, access);
                assertThat(live.put(buffer.iova(), new Mapped(buffer, access)))
                        .as("given out twice").isNull();
            }
            check(random);
        }
    }

    /** One address of each buffer that is mapped. */
    private void check(RandomStream random) {
        live.values().forEach(mapped -> {
            int at = random.nextInt(mapped.buffer.bytes());
            long answer = chip.unit.translate(Chip.DISK, mapped.buffer.iova() + at, Access.READ);
            assertThat(Translation.address(answer))
                    .isEqualTo(mapped.buffer.physicalAddress() + at);
            assertThat(Translation.isBlocked(chip.unit.translate(Chip.DISK,
                    mapped.buffer.iova() + at, Access.WRITE)))
                    .isEqualTo(mapped.access == Access.READ);
        });
    }

    @Seeds(count = 6)
    void whatIsMappedIsFound(long seed) throws StepRefusedException {
        LinuxCalgaryDriver driver = kernel();
        driver.startClean();
        program(driver, new RandomStream(seed, "calgary"));
    }

    /** The capture kernel maps in between, and touches nothing of what it found. */
    @Seeds(count = 6)
    void whatWasMappedBeforeIsFoundStill(long seed) throws StepRefusedException {
        LinuxCalgaryDriver first = kernel();
        first.startClean();
        var random = new RandomStream(seed, "calgary kdump");
        program(first, random);
        LinuxCalgaryDriver second = kernel();
        second.adoptTables(AdoptDepth.IN_PLACE);
        Map<Long, Mapped> old = new HashMap<>(live);
        live.clear();
        program(second, random);
        assertThat(live.keySet()).doesNotContainAnyElementsOf(old.keySet());
        live.putAll(old);
        check(random);
    }
}
