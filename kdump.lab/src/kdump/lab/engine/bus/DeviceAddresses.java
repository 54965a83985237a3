// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** Where devices have their registers in memory, as kernels see it. */
public final class DeviceAddresses {

    private static final int FIRST_BAR = 0x10;
    private static final int ADDRESS_MASK = ~0xf;

    private DeviceAddresses() { }

    /**
     * Returns the pages behind base address registers.
     *
     * @param known what enumeration has found in config space of each
     */
    public static List<AddressRange> ofFunctions(List<PciFunction> functions,
            IntFunction<FunctionConfig> known) {
        var ranges = new ArrayList<AddressRange>();
        for (PciFunction function : functions) {
            for (Bar bar : function.bars()) {
                long address = bar.io() ? 0
                        : address(known.apply(function.requesterId()), bar);
                if (address != 0) {
                    ranges.add(new AddressRange(address & -PhysicalMemory.PAGE_BYTES,
                            address + bar.bytes() + PhysicalMemory.PAGE_BYTES - 1
                                    & -PhysicalMemory.PAGE_BYTES));
                }
            }
        }
        return ranges;
    }

    private static long address(FunctionConfig config, Bar bar) {
        int at = FIRST_BAR + 4 * bar.index();
        long low = Integer.toUnsignedLong(config.read(at, 4) & ADDRESS_MASK);
        return bar.wide() ? low | (long) config.read(at + 4, 4) << 32 : low;
    }

    /**
     * Returns the window of the host bridges below 4 GiB, which firmware's tables tell of and
     * captures do not: taken to be all from the end of what is memory there to where the platform's
     * own registers begin. Empty if there is no room.
     *
     * @param end where those begin
     */
    public static List<AddressRange> window(MemoryMap memory, long end) {
        long start = memory.regions().stream()
                .filter(r -> r.kind() != MemoryKind.MMIO).map(MemoryMap.Region::range)
                .filter(r -> r.start() < end).mapToLong(AddressRange::end).max().orElse(0);
        return start == 0 || start >= end ? List.of() : List.of(new AddressRange(start, end));
    }
}
