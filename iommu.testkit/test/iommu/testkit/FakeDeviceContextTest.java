// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceContext;
import iommu.api.sim.EventQueue;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What firmware reaches of the memory that it has reserved for a device. */
class FakeDeviceContextTest {

    private static final long START = 0x8000;
    private static final long BYTES = 0x1000;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10000)));
    private final FakeDeviceContext context = new FakeDeviceContext(
            new FakeFunction(8, 0x0c0300), null, new EventQueue(),
            Map.of(DeviceContext.RESERVED_START, START, DeviceContext.RESERVED_BYTES, BYTES));

    @ParameterizedTest
    @ValueSource(longs = {START, START + 0x124, START + BYTES - 4})
    void firmwareWritesAndReadsInside(long address) {
        context.reserved(memory);
        context.writeReserved(address, new byte[] {9, 1, 2, 3, 4}, 1, 4);
        assertThat(memory.read32(address)).isEqualTo(0x0403_0201);
        byte[] read = new byte[5];
        context.readReserved(address, read, 1, 4);
        assertThat(read).containsExactly(0, 1, 2, 3, 4);
    }

    @ParameterizedTest
    @ValueSource(longs = {START - 1, START + BYTES - 3, 0, -1})
    void anythingElseIsRefused(long address) {
        context.reserved(memory);
        assertThatIllegalArgumentException().isThrownBy(
                () -> context.writeReserved(address, new byte[4], 0, 4));
        assertThatIllegalArgumentException().isThrownBy(
                () -> context.readReserved(address, new byte[4], 0, 4))
                .withMessageContaining("4 bytes, are not reserved");
    }

    @Test
    void withoutMemoryNothingIs() {
        assertThatIllegalArgumentException().isThrownBy(
                () -> context.writeReserved(START, new byte[4], 0, 4));
    }
}
