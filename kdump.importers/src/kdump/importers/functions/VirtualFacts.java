// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.Bar;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is told of a function's virtual functions: its SR-IOV capability, word by word. One thread.
 *
 * <p>Source: PCI Express Base Specification, "SR-IOV Extended Capability"; pciutils, cap_sriov.
 */
public final class VirtualFacts {

    private static final int MOST = 0xffff;

    final int at;
    int total;
    int enabled;
    int offset;
    int stride;
    int control;
    int deviceId;
    int pageSizes;
    int pageSize = 1;
    final Map<Integer, Bar> bars = new TreeMap<>();
    final Map<Integer, Long> addresses = new TreeMap<>();

    VirtualFacts(int at) {
        this.at = at;
    }

    /** Takes TotalVFs and NumVFs. */
    public void counts(int most, int now) {
        total = Math.min(most, MOST);
        enabled = Math.min(now, MOST);
    }

    /** Takes First VF Offset, VF Stride and VF Device ID. */
    public void layout(int first, int distance, int device) {
        offset = Math.min(first, MOST);
        stride = Math.min(distance, MOST);
        deviceId = device;
    }

    /** Takes Supported Page Sizes and System Page Size, as their registers have them. */
    public void pageSizes(int supported, int chosen) {
        pageSizes = supported;
        pageSize = chosen;
    }

    /** Takes SR-IOV Control. */
    public void control(int bits) {
        control = bits;
    }

    /**
     * Takes VF BAR {@code index}: where the spaces of all virtual functions begin. How large that
     * of one is nobody tells; it is taken for what the address allows, up to 16 KiB. Left out if no
     * register can be like that.
     */
    public void bar(int index, long address, boolean wide, boolean prefetchable) {
        long size = Math.min(1 << 14, Long.lowestOneBit(address));
        if (index >= 0 && index < Bar.COUNT - (wide ? 1 : 0) && address > 0 && size >= 4096
                && (wide || address < 1L << 32)) {
            bars.put(index, new Bar(index, size, wide, prefetchable, false));
            addresses.put(index, address);
        }
    }

    /** Returns whether there are any. */
    boolean areThere() {
        return total > 0 && offset > 0;
    }

    /** Returns the requester id of one; -1 if it is none. */
    int requester(int physical, int index) {
        int id = (physical & 0xffff) + offset + index * Math.max(stride, 1);
        return id > MOST ? -1 : physical & ~0xffff | id;
    }
}
