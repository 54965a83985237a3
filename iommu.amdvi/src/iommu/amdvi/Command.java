// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** Entries of the command buffer, 128 bits. Source: 48882, "Commands". */
public final class Command {

    /** Size of a command. */
    public static final int BYTES = 16;
    /** Operation code. */
    public static final BitField OPCODE = bits(63, 60);

    /** OPCODE: COMPLETION_WAIT. */
    public static final int COMPLETION_WAIT = 1;
    /** OPCODE: INVALIDATE_DEVTAB_ENTRY. */
    public static final int INVALIDATE_DEVTAB_ENTRY = 2;
    /** OPCODE: INVALIDATE_IOMMU_PAGES. */
    public static final int INVALIDATE_IOMMU_PAGES = 3;
    /** OPCODE: INVALIDATE_IOTLB_PAGES. */
    public static final int INVALIDATE_IOTLB_PAGES = 4;
    /** OPCODE: INVALIDATE_INTERRUPT_TABLE. */
    public static final int INVALIDATE_INTERRUPT_TABLE = 5;
    /** OPCODE: PREFETCH_IOMMU_PAGES. */
    public static final int PREFETCH_IOMMU_PAGES = 6;
    /** OPCODE: COMPLETE_PPR_REQUEST. */
    public static final int COMPLETE_PPR_REQUEST = 7;
    /** OPCODE: INVALIDATE_IOMMU_ALL. */
    public static final int INVALIDATE_IOMMU_ALL = 8;

    /** COMPLETION_WAIT: Completion Store. */
    public static final BitField S = bit(0);
    /** COMPLETION_WAIT: Completion Interrupt. */
    public static final BitField I = bit(1);
    /** COMPLETION_WAIT: Flush Queue. */
    public static final BitField F = bit(2);
    /** COMPLETION_WAIT: where the second quadword is stored. */
    public static final BitField STORE_ADDRESS = bits(51, 3);

    /** Commands for one device: its id. */
    public static final BitField DEVICE_ID = bits(15, 0);
    /** INVALIDATE_IOMMU_PAGES: domain. */
    public static final BitField DOMAIN_ID = bits(47, 32);
    /** INVALIDATE_IOMMU_PAGES: Size: 0 for one page of 4 KiB, 1 as the address tells. */
    public static final BitField SIZE = bit(64);
    /** INVALIDATE_IOMMU_PAGES: directory entries go too. */
    public static final BitField PDE = bit(65);
    /** INVALIDATE_IOMMU_PAGES: Guest or nested: the address is a guest's. */
    public static final BitField GN = bit(66);
    /** INVALIDATE_IOMMU_PAGES: address, 4 KiB aligned. */
    public static final BitField ADDRESS = bits(127, 76);

    /** The address that, with SIZE, names every page. */
    public static final long ALL_PAGES = 0x7fff_ffff_ffff_f000L;

    private static final long[] RESERVED_LOW = {0,
            bits(59, 52).mask(), bits(59, 16).mask(), bits(59, 48).mask() | bits(31, 20).mask(),
            0, bits(59, 16).mask(), bits(23, 16).mask() | bits(59, 52).mask(),
            bits(31, 16).mask() | bits(59, 52).mask(), bits(59, 0).mask()};
    private static final long[] RESERVED_HIGH = {0, 0, -1, bits(11, 3).mask(),
            bit(1).mask() | bit(3).mask() | bits(11, 6).mask(), -1,
            bit(1).mask() | bit(3).mask() | bits(11, 5).mask(),
            bits(1, 0).mask() | bits(31, 3).mask() | bits(63, 48).mask(), -1};

    private Command() { }

    /** Returns whether a command of a known operation code has a reserved bit set. */
    public static boolean malformed(long q0, long q1) {
        int opcode = (int) OPCODE.of(q0);
        return (q0 & RESERVED_LOW[opcode] | q1 & RESERVED_HIGH[opcode]) != 0;
    }

    /**
     * Returns the base-2 logarithm of the bytes that the second quadword of an invalidation of
     * pages names: 12, or with SIZE as its address tells; 64 for {@link #ALL_PAGES}.
     */
    public static int pagesShift(long q1) {
        return SIZE.isSet(q1) ? Long.numberOfTrailingZeros(~(q1 | 0xfff)) + 1 : 12;
    }

    /**
     * Returns the second quadword that names the smallest range which holds these pages.
     *
     * @param directories whether directory entries go too
     */
    public static long pages(long address, long bytes, boolean directories) {
        long q1 = directories ? PDE.mask() : 0;
        if (bytes <= 1L << 12) {
            return q1 | ADDRESS.inPlace(address);
        }
        int top = 63 - Long.numberOfLeadingZeros(address ^ address + bytes - 1);
        long named = top > 51 ? ALL_PAGES : address & -(2L << top) | (1L << top) - 1;
        return q1 | SIZE.mask() | ADDRESS.inPlace(named);
    }
}
