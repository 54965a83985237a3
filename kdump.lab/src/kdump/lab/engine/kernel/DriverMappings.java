// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.machine.DriverMemory;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import java.util.ArrayList;
import java.util.List;

/** What drivers of one kernel keep mapped for their devices while it runs. One thread. */
final class DriverMappings {

    private final Kernel kernel;

    DriverMappings(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Does what {@link Kernel#mapDriverMemory} says. Pages that a process has registered are not
     * cleared: their bytes do not matter here.
     */
    void map(PciFunction function, DriverMemory memory) {
        IommuCore iommu = kernel.iommu();
        if (!iommu.mayMap(function)) {
            return;
        }
        if (iommu.isGuest(function)) {
            mapGuestMemory(function, memory);
            return;
        }
        int bound = kernel.bind(function, memory.readWrite());
        int[] pages = {memory.readWrite() - bound, memory.readOnly(), memory.writeOnly()};
        int[] rights = {Access.READ | Access.WRITE, Access.READ, Access.WRITE};
        for (int kind = 0; kind < pages.length; kind++) {
            for (int i = 0; i < pages[kind]; i++) {
                kernel.map(function, driverPage(function, kind == 0), PhysicalMemory.PAGE_BYTES,
                        rights[kind]);
            }
        }
        long left = memory.registeredBytes();
        int large = (int) (DriverMemory.LARGE_BYTES / PhysicalMemory.PAGE_BYTES);
        for (; left > 0; left -= DriverMemory.LARGE_BYTES) {
            iommu.mapRange(function, kernel.pages().allocate(large), DriverMemory.LARGE_BYTES,
                    Access.READ | Access.WRITE);
        }
    }

    /** Does what {@link Kernel#mapped} says. */
    Workload mapped(PciFunction function, Workload load) {
        IommuCore iommu = kernel.iommu();
        DmaOps ops = iommu.opsFor(function);
        return iommu.mapsDma(function) ? load : new Workload(load.requestsPerSecond(),
                load.streaming(), load.readsPerMille(), load.bytes(),
                mapped(function, load.rings(), Access.READ | Access.WRITE, ops),
                mapped(function, load.readable(), Access.READ, ops),
                mapped(function, load.writable(), Access.READ | Access.WRITE, ops),
                mapped(function, load.writeOnly(), Access.WRITE, ops), load.message());
    }

    private static List<DmaBuffer> mapped(PciFunction function, List<DmaBuffer> pages, int access,
            DmaOps ops) {
        var all = new ArrayList<DmaBuffer>();
        for (DmaBuffer page : pages) {
            try {
                all.add(page.iova() != page.physicalAddress() ? page
                        : ops.map(function, page.physicalAddress(), page.bytes(), access));
            } catch (DmaMappingException e) {
                continue; // the driver has chosen another page
            }
        }
        return all;
    }

    /** Rings and queues are where the device reaches them as they are, if it is to. */
    private long driverPage(PciFunction function, boolean coherent) {
        return coherent && kernel.reachesLowPagesOnly(function)
                ? kernel.pages().allocateLow(1) : kernel.pages().allocate(1);
    }

    /** A guest's memory lies from its address 0 up, wherever the host has pages for it. */
    private void mapGuestMemory(PciFunction function, DriverMemory memory) {
        IommuCore iommu = kernel.iommu();
        PageAllocator pages = kernel.pages();
        long at = 0;
        int small = memory.readWrite() + memory.readOnly() + memory.writeOnly();
        for (int i = 0; i < small; i++, at += PhysicalMemory.PAGE_BYTES) {
            iommu.mapGuest(function, at, pages.allocate(1), PhysicalMemory.PAGE_BYTES);
        }
        at = at + DriverMemory.LARGE_BYTES - 1 & -DriverMemory.LARGE_BYTES;
        int large = (int) (DriverMemory.LARGE_BYTES / PhysicalMemory.PAGE_BYTES);
        for (long left = memory.registeredBytes(); left > 0; left -= DriverMemory.LARGE_BYTES) {
            iommu.mapGuest(function, at, pages.allocate(large), DriverMemory.LARGE_BYTES);
            at += DriverMemory.LARGE_BYTES;
        }
    }
}
