// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

/**
 * What entries of AMD-Vi tables look like as kernels write them, as far as it tells them from other
 * memory. Source: 48882, "Device Table Entry Format", "I/O Page Tables for Host Translations".
 */
final class AmdShape {

    static final int ENTRY_BYTES = 32;
    static final long VALID = 1;
    static final long TRANSLATES = 2;
    static final int MAX_LEVEL = 6;
    /** Next Level of a page whose size its address tells. */
    static final int ENCODED = 7;

    private static final long MODE_0_LOW = VALID | TRANSLATES | 3L << 61;
    /** Reserved bits of a valid entry, guest translation and host dirty bits left out. */
    private static final long LOW_RESERVED = 0x7cL | 1L << 63;
    /** Above the domain id: I, SE, SA, IoCtl, Cache, SD, EX, SysMgt. */
    private static final long HIGH_RESERVED = ~(0xffffL | 0x3ffL << 32);
    private static final long GUEST = 1L << 55;
    private static final long INTERRUPT_RESERVED = 0xfL << 52 | 1L << 59;
    private static final long MAX_INTERRUPT_LENGTH = 11;

    private AmdShape() { }

    static int mode(long q0) {
        return (int) (q0 >>> 9) & 7;
    }

    static int nextLevel(long entry) {
        return (int) (entry >>> 9) & 7;
    }

    /** Returns whether a device may read or write by its entry. */
    static boolean grants(long q0) {
        return (q0 >>> 61 & 3) != 0;
    }

    /** Returns whether four quadwords can be the entry of a device. */
    static boolean isEntry(long q0, long q1, long q2, long q3) {
        return isDma(q0, q1) && isInterrupt(q2) && q3 == 0;
    }

    private static boolean isDma(long q0, long q1) {
        if (q0 == 0) {
            return q1 == 0;
        }
        boolean paged = mode(q0) != 0;
        return (q0 & VALID) != 0 && (q0 & LOW_RESERVED) == 0 && mode(q0) <= MAX_LEVEL
                && ((q0 & GUEST) != 0 || (q1 & HIGH_RESERVED) == 0)
                && (paged ? (q0 & Shape.ADDRESS) != 0 : (q0 & ~MODE_0_LOW) == 0);
    }

    private static boolean isInterrupt(long q2) {
        boolean remaps = (q2 & 1) != 0;
        return (q2 & INTERRUPT_RESERVED) == 0 && (q2 >>> 1 & 0xf) <= MAX_INTERRUPT_LENGTH
                && (remaps || (q2 & Shape.ADDRESS) == 0);
    }
}
