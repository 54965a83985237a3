// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelProfile;
import org.junit.jupiter.api.Test;

/** What a kernel's code for a unit does that implements the least. */
class DriverDefaultsTest {

    private final UnitDriver least = new LeastDriver();

    @Test
    void everyFunctionHasADomainOfItsOwn() {
        assertThat(least.domain(8)).isEqualTo(least.domain(8)).isNotEqualTo(least.domain(16));
    }

    @Test
    void addressesAreGivenOutByTheEngine() {
        assertThat(least.dmaOps()).isNull();
    }

    /** What only maps gives no addresses to keep, and maps nothing to itself. */
    @Test
    void aWayToMapMayJustMap() {
        var ops = new DmaOps() {
            @Override
            public DmaBuffer map(PciFunction f, long physicalAddress, int bytes, int access) {
                return new DmaBuffer(physicalAddress, physicalAddress, bytes);
            }

            @Override
            public void unmap(PciFunction f, DmaBuffer buffer) { }
        };
        assertThat(ops.mapsDma(null)).isTrue();
        ops.reserve(new AddressRange(0, 4096));
        assertThatThrownBy(() -> ops.identityMap(null, new AddressRange(0, 4096)))
                .isInstanceOf(StepRefusedException.class);
    }

    @Test
    void aFactoryOfWaysToMapMayHaveNoSettings() {
        var factory = new DmaOpsFactory() {
            @Override
            public String name() {
                return "least";
            }

            @Override
            public DmaOps dmaOps(KernelProfile kernel, KernelPort port) {
                return null;
            }
        };
        assertThat(factory.kernelSettings()).isEmpty();
        assertThat(factory.kernelOptions("swiotlb=force")).isEmpty();
    }

    @Test
    void nothingIsDoneAtTheCrashAndFaultsAreAnnouncedLate() {
        least.crash();
        assertThat(least.hasTables()).isTrue();
        assertThat(least.faultInterruptEnabled()).isFalse();
    }
}
