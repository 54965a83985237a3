// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * The answer to a translation request of a device, packed into a {@code long}. Negative when it
 * carries no data: the request is not supported (UR) or the unit gave up (CA). Otherwise it is the
 * translation completion data entry: R bit 0, W bit 1, U bit 2, Exe bit 3, Priv bit 4, Global bit
 * 5, N bit 10, S bit 11, address 51:12. An entry without R and W tells that the address may not be
 * reached, or not yet.
 *
 * <p>Source: PCI Express Base Specification, "Address Translation Services", "Translation
 * Completion".
 */
public final class TranslationCompletion {

    /** The device may read. */
    public static final BitField R = bit(0);
    /** The device may write. */
    public static final BitField W = bit(1);
    /** The device must access the range by untranslated requests only. */
    public static final BitField U = bit(2);
    /** The device may execute. */
    public static final BitField EXE = bit(3);
    /** The rights are those of privileged mode. */
    public static final BitField PRIV = bit(4);
    /** The translation is the same for all PASIDs. */
    public static final BitField GLOBAL = bit(5);
    /** Accesses must not be snooped. */
    public static final BitField N = bit(10);
    /** The range is larger than 4 KiB: the lowest 0 from bit 12 on tells how large. */
    public static final BitField S = bit(11);
    private static final BitField ADDRESS = bits(51, 12);

    private static final long UNSUPPORTED_REQUEST = Long.MIN_VALUE;
    private static final long COMPLETER_ABORT = Long.MIN_VALUE | 1;
    private static final int PAGE_SHIFT = 12;

    private TranslationCompletion() { }

    /** Returns the answer of a unit that does not take the request. */
    public static long unsupportedRequest() {
        return UNSUPPORTED_REQUEST;
    }

    /** Returns the answer of a unit that could not finish. */
    public static long completerAbort() {
        return COMPLETER_ABORT;
    }

    /** Returns the answer that grants nothing. */
    public static long nothing() {
        return 0;
    }

    /**
     * Returns the answer that a range is translated.
     *
     * @param physicalAddress of the range, aligned to its size
     * @param shift base-2 logarithm of its size, 12 or more
     * @param flags of R to N
     */
    public static long of(long physicalAddress, int shift, long flags) {
        long size = (1L << shift - 1) - 1 & ADDRESS.mask();
        return ADDRESS.inPlace(physicalAddress & -(1L << shift)) | flags
                | (shift > PAGE_SHIFT ? size | S.mask() : 0);
    }

    /** Returns whether the answer carries data, be it that nothing is granted. */
    public static boolean isSuccess(long completion) {
        return completion >= 0;
    }

    /** Returns whether the unit gave up. */
    public static boolean isCompleterAbort(long completion) {
        return completion == COMPLETER_ABORT;
    }

    /** Returns the {@link Access} bits that are granted: READ, WRITE. */
    public static int access(long completion) {
        return completion < 0 ? 0 : (int) completion & 3;
    }

    /** Returns the base-2 logarithm of the size of the range. */
    public static int shift(long completion) {
        return S.isSet(completion)
                ? Long.numberOfTrailingZeros(~(completion >>> PAGE_SHIFT)) + PAGE_SHIFT + 1
                : PAGE_SHIFT;
    }

    /** Returns the physical address of the range, aligned to its size. */
    public static long address(long completion) {
        return ADDRESS.inPlace(completion) & -(1L << shift(completion));
    }
}
