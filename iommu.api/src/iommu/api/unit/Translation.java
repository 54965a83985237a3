// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Outcome of one translation, packed into a {@code long} so that the hot path allocates nothing.
 * Negative when the request is blocked; then bits 31:0 hold the unit's fault reason. Otherwise bits
 * 51:0 hold the physical address and bits 57:52 the base-2 logarithm of the page size. With bit 58
 * set the unit did not translate at all: the address on the bus is the physical address, all 64
 * bits of it.
 */
public final class Translation {

    private static final BitField REASON = bits(31, 0);
    private static final BitField ADDRESS = bits(51, 0);
    private static final BitField PAGE_SHIFT = bits(57, 52);
    private static final BitField UNTRANSLATED = bit(58);

    private Translation() { }

    /** Returns a translation to {@code physicalAddress} within a page of 2^pageShift bytes. */
    public static long to(long physicalAddress, int pageShift) {
        return physicalAddress & ADDRESS.mask() | (long) pageShift << 52;
    }

    /** Returns the outcome of a unit that does not translate. */
    public static long untranslated() {
        return UNTRANSLATED.mask();
    }

    /** Returns the outcome of a blocked request. */
    public static long blocked(int reason) {
        return Long.MIN_VALUE | reason & REASON.mask();
    }

    /** Returns whether the request was blocked. */
    public static boolean isBlocked(long translation) {
        return translation < 0;
    }

    /** Returns whether the unit did not translate. */
    public static boolean isUntranslated(long translation) {
        return translation >= 0 && UNTRANSLATED.isSet(translation);
    }

    /** Returns the physical address of a translation that is neither blocked nor untranslated. */
    public static long address(long translation) {
        return ADDRESS.of(translation);
    }

    /** Returns the base-2 logarithm of the page size. */
    public static int pageShift(long translation) {
        return (int) PAGE_SHIFT.of(translation);
    }

    /** Returns the fault reason of a blocked request. */
    public static int reason(long translation) {
        return (int) REASON.of(translation);
    }
}
