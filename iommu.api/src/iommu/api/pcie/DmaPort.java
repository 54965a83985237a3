// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.Arrays;

/**
 * The way a function takes to memory: through its bus-master gate, the bridges above it and the
 * remapping unit; and its interrupts, which go that way as messages. Handed to a device model by
 * the fabric. One thread.
 */
public interface DmaPort {

    /**
     * Reads memory (non-posted).
     *
     * @param address as the device puts it on the bus
     * @param to filled from {@code offset}; on failure its bytes are 0xff, as a device sees them
     * @return what the completion says
     */
    CompletionStatus read(long address, byte[] to, int offset, int bytes);

    /**
     * Writes memory (posted).
     *
     * @param address as the device puts it on the bus
     * @return always {@link CompletionStatus#SUCCESS} unless the function's own bus-master gate is
     *     closed: a posted write that fails further up is not reported to the device
     */
    CompletionStatus write(long address, byte[] from, int offset, int bytes);

    /**
     * Returns the interrupts of the function; where the machine has none, some that go nowhere. Not
     * null.
     */
    default Interrupts interrupts() {
        return Interrupts.none();
    }

    // ---- address translation services -----------------------------------------------------------

    /**
     * Returns whether the function may send translation requests and translated requests now: its
     * ATS capability is enabled, bus mastering is, and its requests carry its own id all the way.
     * False where the machine has no such services.
     *
     * <p>Source: PCI Express Base Specification, "ATS Control Register".
     */
    default boolean translationEnabled() {
        return false;
    }

    /**
     * Asks for a translation.
     *
     * @param address to be translated
     * @param access {@link Access#READ}, and {@link Access#WRITE} unless the device will not write
     * @return packed, see {@link TranslationCompletion}; not supported while translation is not
     *     enabled or a gate on the way is closed
     */
    default long translationRequest(long address, int access) {
        return TranslationCompletion.unsupportedRequest();
    }

    /**
     * Reads memory by a request whose address is translated already.
     *
     * @param physicalAddress as a translation completion gave it
     * @param untranslated what it was translated from; not in the request, for the records alone
     * @param to as for {@link #read}
     * @return what the completion says; not supported while translation is not enabled
     */
    default CompletionStatus readTranslated(long physicalAddress, long untranslated, byte[] to,
            int offset, int bytes) {
        Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
        return CompletionStatus.UNSUPPORTED_REQUEST;
    }

    /**
     * Writes memory by a request whose address is translated already.
     *
     * @param physicalAddress as a translation completion gave it
     * @param untranslated what it was translated from; not in the request, for the records alone
     * @return {@link CompletionStatus#SUCCESS} whatever happens further up, as for {@link #write};
     *     not supported while translation is not enabled
     */
    default CompletionStatus writeTranslated(long physicalAddress, long untranslated, byte[] from,
            int offset, int bytes) {
        return CompletionStatus.UNSUPPORTED_REQUEST;
    }

    /**
     * Answers an invalidation request that {@link Device#invalidate} left open.
     *
     * @param tag of the request
     */
    default void invalidationCompleted(int tag) { }
}
