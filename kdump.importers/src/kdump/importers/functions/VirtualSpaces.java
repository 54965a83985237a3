// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Bar;

/**
 * The base address registers of virtual functions, which are in the capability of their physical
 * one: each names where the spaces of all lie, one behind the other, none smaller than a page.
 *
 * <p>Source: PCI Express Base Specification, "VF BAR0 - VF BAR5", "System Page Size".
 */
public final class VirtualSpaces {

    /** Supported Page Sizes that functions made here have: 4, 8, 64, 256 KiB, 1 and 4 MiB. */
    static final int PAGE_SIZES = 0x553;

    private static final int PAGE_SHIFT = 12;
    private static final int PAGE_SIZE = 0x20;
    private static final int FIRST_BAR = 0x24;

    private final int pageSize;

    /** Takes System Page Size as its register has it: bit n for 2 to the power of n + 12 bytes. */
    public VirtualSpaces(int pageSize) {
        this.pageSize = pageSize;
    }

    /**
     * Returns what the register holds for pages of a size.
     *
     * @return 0 if functions made here have no such pages
     */
    public static int register(long pageBytes) {
        long bit = pageBytes >>> PAGE_SHIFT;
        return Long.bitCount(pageBytes) == 1 && (bit & PAGE_SIZES) == bit ? (int) bit : 0;
    }

    /** Tells bridges what lies behind a register for that many virtual functions. */
    public void add(BridgeWindows windows, int requester, Bar bar, long address, int count) {
        windows.add(requester, bar, address,
                count * Math.max(bar.bytes(), (long) pageSize << PAGE_SHIFT));
    }

    /**
     * Writes a register, and the size of pages.
     *
     * @param capability where SR-IOV lies in config space
     */
    public void write(ConfigWriter config, int capability, Bar bar, long address) {
        int at = capability + FIRST_BAR + Integer.BYTES * bar.index();
        config.put32(capability + PAGE_SIZE, pageSize);
        config.put32(at, (int) address | bar.typeBits());
        if (bar.wide()) {
            config.put32(at + Integer.BYTES, (int) (address >>> 32));
        }
    }

    /** Writes all that is told. */
    static void write(VirtualFacts told, ConfigWriter config) {
        int at = config.singleRoot(told.at, told.total, told.offset, told.stride);
        if (at == 0) {
            return;
        }
        config.put16(at + VirtualFunctions.CONTROL, told.control);
        config.put16(at + VirtualFunctions.NUMBER, told.enabled);
        config.put16(at + 0x1a, told.deviceId);
        if (told.pageSizes != 0) {
            config.put32(at + 0x1c, told.pageSizes);
            config.put32(at + PAGE_SIZE, told.pageSize);
        }
        var spaces = new VirtualSpaces(told.pageSize);
        told.bars.forEach((index, bar) ->
                spaces.write(config, at, bar, told.addresses.get(index)));
    }
}
