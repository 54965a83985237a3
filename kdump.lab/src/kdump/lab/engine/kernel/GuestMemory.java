// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.machine.MachineDescription;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory of a guest that a function belongs to, as its driver gives it out. All of it has been
 * mapped for the function before: nothing is mapped for a request, and nothing unmapped. A page in
 * use is given out again only when there is no other. One thread.
 */
public final class GuestMemory {

    private final List<DmaBuffer> pages;
    private final Map<Long, Integer> byAddress = new HashMap<>();
    private final boolean[] used;
    private int next;

    /**
     * Makes it.
     *
     * @param pages of 4096 bytes, with their addresses in the guest as iovas; not empty
     */
    public GuestMemory(List<DmaBuffer> pages) {
        if (pages.isEmpty()) {
            throw new IllegalArgumentException("a guest without memory");
        }
        this.pages = List.copyOf(pages);
        used = new boolean[pages.size()];
        for (int i = 0; i < used.length; i++) {
            byAddress.put(pages.get(i).physicalAddress(), i);
        }
    }

    /** Returns that of the guest that a function belongs to; null if it belongs to none. */
    public static GuestMemory of(MachineDescription machine, int requester, Workload load) {
        return machine.runDefaults().guests().contains(requester)
                ? new GuestMemory(load.writable()) : null;
    }

    /** Returns the address of a page in the host's memory. */
    long allocate() {
        for (int tries = 1; tries < used.length && used[next]; tries++) {
            next = (next + 1) % used.length;
        }
        long page = pages.get(next).physicalAddress();
        used[next] = true;
        next = (next + 1) % used.length;
        return page;
    }

    void free(long physicalAddress) {
        Integer page = byAddress.get(physicalAddress);
        if (page != null) {
            used[page] = false;
        }
    }

    /**
     * Returns memory with the address that the guest has it at.
     *
     * @throws IllegalArgumentException if it is none of the guest's
     */
    DmaBuffer at(long physicalAddress, int bytes) {
        Integer page = byAddress.get(physicalAddress & -4096L);
        if (page == null) {
            throw new IllegalArgumentException("0x" + Long.toHexString(physicalAddress)
                    + " is no memory of the guest");
        }
        return new DmaBuffer(pages.get(page).iova() + (physicalAddress & 4095), physicalAddress,
                bytes);
    }
}
