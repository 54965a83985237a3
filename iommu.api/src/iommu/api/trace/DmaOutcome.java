// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * What became of a DMA request, packed into the second word of {@link EventKind#DMA_READ} and
 * {@link EventKind#DMA_WRITE}: number of bytes less one 11:0, blocked 12, unanswered 13,
 * untranslated 14, translated by the device 15, from peer to peer 16, page frame 63:24. A request
 * lies within one page, so the rest of its physical address is that of its bus address.
 */
public final class DmaOutcome {

    private static final BitField LENGTH = bits(11, 0);
    private static final long BLOCKED = bit(12).mask();
    private static final long UNANSWERED = bit(13).mask();
    private static final long UNTRANSLATED = bit(14).mask();
    private static final long BY_DEVICE = bit(15).mask();
    private static final long PEER = bit(16).mask();
    private static final BitField FRAME = bits(63, 24);
    private static final int PAGE_SHIFT = 12;
    private static final int PAGE_MASK = 0xfff;

    private DmaOutcome() { }

    /**
     * Returns the outcome of a request that a unit let pass.
     *
     * @param physicalAddress that it reaches, 52 bits
     * @param bytes 1 to 4096
     * @param answered whether anything lies there that takes it
     * @param untranslated whether the unit left the address as it was
     * @param byDevice whether the device had translated it
     */
    public static long passed(long physicalAddress, int bytes, boolean answered,
            boolean untranslated, boolean byDevice) {
        return FRAME.inPlace(physicalAddress >>> PAGE_SHIFT << FRAME.lo()) | bytes - 1
                | (answered ? 0 : UNANSWERED) | (untranslated ? UNTRANSLATED : 0)
                | (byDevice ? BY_DEVICE : 0);
    }

    /**
     * Returns the outcome of a request that no unit saw, as it ended at another function.
     *
     * @param bytes 1 to 4096
     * @param answered whether that took it
     * @param untranslated whether there is a unit that it went past
     */
    public static long peerToPeer(long address, int bytes, boolean answered,
            boolean untranslated) {
        return PEER | passed(address, bytes, answered, untranslated, false);
    }

    /** Returns the outcome of a request of 1 to 4096 bytes that a unit blocked. */
    public static long blocked(int bytes, boolean byDevice) {
        return BLOCKED | bytes - 1 | (byDevice ? BY_DEVICE : 0);
    }

    /** Returns whether a unit blocked the request. */
    public static boolean isBlocked(long outcome) {
        return (outcome & BLOCKED) != 0;
    }

    /** Returns whether it reached something that took it. */
    public static boolean isAnswered(long outcome) {
        return (outcome & (BLOCKED | UNANSWERED)) == 0;
    }

    /** Returns whether the unit left its address as it was. */
    public static boolean isUntranslated(long outcome) {
        return (outcome & UNTRANSLATED) != 0;
    }

    /** Returns whether the device had translated its address. */
    public static boolean isByDevice(long outcome) {
        return (outcome & BY_DEVICE) != 0;
    }

    /** Returns whether it ended at another function, and no unit saw it. */
    public static boolean isPeerToPeer(long outcome) {
        return (outcome & PEER) != 0;
    }

    /** Returns the number of bytes, 1 to 4096. */
    public static int bytes(long outcome) {
        return (int) LENGTH.of(outcome) + 1;
    }

    /**
     * Returns the physical address of a request that was not blocked.
     *
     * @param busAddress the first word of the event
     */
    public static long physicalAddress(long busAddress, long outcome) {
        return FRAME.of(outcome) << PAGE_SHIFT | busAddress & PAGE_MASK;
    }
}
