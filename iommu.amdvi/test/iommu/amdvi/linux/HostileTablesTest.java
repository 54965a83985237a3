// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * "Can't trust anything": the capture kernel takes over tables of which bytes were overwritten. It
 * adopts them, refuses to, or panics in words of its own; and a device it attaches works.
 */
class HostileTablesTest {

    private static void overwrite(KernelFixture fixture, RandomStream random) {
        long table = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
        for (int i = 0; i < 200; i++) {
            long at = random.oneIn(2) ? table + random.nextInt(4096) * 8L
                    : 0x20_0000 + random.nextInt(1 << 15) * 8L;
            fixture.memory.write64(at, random.oneIn(3) ? -1L : random.nextLong());
        }
        if (random.oneIn(4)) {
            fixture.unit.writeRegister(0, 8, random.nextLong() & 0xf_ffff_f1ffL);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void overwrittenTablesNeverBreakTheKernel(long seed) {
        var random = new RandomStream(seed, "amdvi hostile hand-over");
        var fixture = KernelFixture.crashed();
        overwrite(fixture, random);
        LinuxAmdViDriver second = fixture.driver();
        second.initialiseInterrupts();
        try {
            second.adoptTables(AdoptDepth.CONTEXTS);
        } catch (StepRefusedException refused) {
            assertThat(refused).hasMessageStartingWith("Failed to copy DEV table");
            startClean(second);
        }
        second.enableFaultInterrupt();
        for (int device = 0x40; device < 0x60; device++) {
            for (int i = 0; i < 4; i++) {
                fixture.unit.translate(device, random.nextLong() >>> 16, 1);
            }
            second.map(device, KernelFixture.IOVA, 0x210_0000 + device * 0x1000L, 0x1000, 3);
            assertThat(fixture.go(device, KernelFixture.IOVA))
                    .isEqualTo(0x210_0000 + device * 0x1000L);
            second.handleFaults();
        }
    }

    private static void startClean(LinuxAmdViDriver driver) {
        try {
            driver.disableTranslation();
            driver.startClean();
        } catch (StepRefusedException e) {
            throw new AssertionError(e);
        }
    }
}
