// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Registers of 32 bits in the config space of a northbridge's function 3, which is 00:18.3 on the
 * first node.
 *
 * <p>Source: Linux, gart.h, AMD64_GARTAPERTURECTL to AMD64_GARTCACHECTL; mce.c, bit 10 of MC4_CTL.
 */
public final class GartRegisters {

    /** Bytes of the config space that has them. */
    public static final int BYTES = 0x100;

    /** Which errors of the northbridge are machine checks (MCA NB control, MC4_CTL). */
    public static final int MCA_CONTROL = 0x40;
    /** A processor's access that meets an entry which is not valid is one. */
    public static final BitField GART_TBL_WK_EN = bit(10);

    /** Aperture control. */
    public static final int CONTROL = 0x90;
    /** Addresses of the aperture are translated. */
    public static final BitField GARTEN = bit(0);
    /** Size of the aperture: 32 MiB, doubled so many times. */
    public static final BitField ORDER = bits(3, 1);
    /** Not for processors. */
    public static final BitField DISGARTCPU = bit(4);
    /** Not for devices. */
    public static final BitField DISGARTIO = bit(5);
    /** Entries are read without looking into caches. */
    public static final BitField DISTLBWALKPRB = bit(6);

    /** Aperture base. */
    public static final int BASE = 0x94;
    /** Bits 39:25 of its address. */
    public static final BitField APERTURE = bits(14, 0);

    /** Table base. */
    public static final int TABLE = 0x98;
    /** Bits 39:12 of its address. */
    public static final BitField TABLE_ADDRESS = bits(31, 4);

    /** Cache control. */
    public static final int CACHE = 0x9c;
    /** Written with 1 to drop what is cached; reads 1 until that is done. */
    public static final BitField INVGART = bit(0);
    /** An entry was met that is not valid; written with 1 to clear. */
    public static final BitField GARTPTEERR = bit(1);

    private static final int BASE_SHIFT = 25;
    private static final int LEAST_SHIFT = 25;
    private static final int TABLE_SHIFT = 12;

    private GartRegisters() { }

    /** Returns the length of the aperture, 32 MiB to 4 GiB. */
    public static long apertureBytes(long control) {
        return 1L << LEAST_SHIFT + ORDER.of(control);
    }

    /** Returns where the aperture begins. */
    public static long apertureStart(long base) {
        return APERTURE.of(base) << BASE_SHIFT;
    }

    /** Returns the aperture base register of an address, a multiple of 32 MiB. */
    public static long baseOf(long address) {
        return APERTURE.with(0, address >>> BASE_SHIFT);
    }

    /** Returns where the table lies. */
    public static long tableAddress(long table) {
        return TABLE_ADDRESS.of(table) << TABLE_SHIFT;
    }

    /** Returns the table base register of an address, a multiple of 4 KiB. */
    public static long tableOf(long address) {
        return TABLE_ADDRESS.with(0, address >>> TABLE_SHIFT);
    }
}
