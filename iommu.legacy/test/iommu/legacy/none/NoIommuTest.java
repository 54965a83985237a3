// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.none;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import iommu.api.unit.StepRefusedException;
import iommu.testkit.FakeFunction;
import iommu.testkit.FakeKernelPort;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Addresses are those of memory, within the mask. */
class NoIommuTest {

    private static final FakeFunction WIDE = new FakeFunction(8, 0x020000);
    private static final FakeFunction NARROW = new FakeFunction(16, 0x020000);

    private final FakeKernelPort port = new FakeKernelPort(null,
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 4096))), 0, 4096);
    private final DmaOps ops = new NoIommu().dmaOps(KernelProfile.linux61(), port);

    NoIommuTest() {
        port.dmaBits(16, 32);
    }

    @Test
    void whatIsReachedIsItself() {
        DmaBuffer high = ops.map(WIDE, 5L << 30, 4096, Access.READ);
        assertThat(high).isEqualTo(new DmaBuffer(5L << 30, 5L << 30, 4096));
        assertThat(ops.map(NARROW, 0xffff_f000L, 4096, Access.READ).iova())
                .isEqualTo(0xffff_f000L);
        assertThat(ops.mapsDma(WIDE)).isFalse();
        ops.unmap(WIDE, high);
    }

    @Test
    void whatTheMaskDoesNotReachIsNotMapped() {
        assertThatThrownBy(() -> ops.map(NARROW, 0xffff_f000L, 4097, Access.READ))
                .isInstanceOf(DmaMappingException.class)
                .hasMessage("nommu_map_page: overflow fffff000+4097 of device mask ffffffff");
    }

    @Test
    void nothingIsMappedToItselfByAnyTable() {
        ops.reserve(new AddressRange(0, 4096));
        assertThatThrownBy(() -> ops.identityMap(WIDE, new AddressRange(0, 4096)))
                .isInstanceOf(StepRefusedException.class);
    }
}
