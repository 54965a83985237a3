// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/** What lies above the root ports: receives every DMA request that passed the gates below. */
public interface Upstream {

    /**
     * An error that left the fabric as a system error, and what let it out.
     *
     * <p>Source: PCI Express Base Specification, "Error Messages", "Root Control Register".
     *
     * @param kind of error, as AER names it in words, such as "unsupported request"
     * @param severity "correctable", "non-fatal" or "fatal"
     * @param gates the enables that were all set on the way, in words; any closed had stopped it
     */
    record SystemError(String kind, String severity, String gates) {

        /** What firmware makes of a write that a unit blocked, where it hears of it first. */
        public static final SystemError FIRMWARE_FIRST = new SystemError("blocked write", "fatal",
                "firmware first: error record (CPER) of a blocked write");
    }

    /**
     * Reads memory.
     *
     * @param function that made the request
     * @param alias the requester id that the request carries
     * @return status and, on success, bytes in {@code to}
     */
    CompletionStatus read(int function, int alias, long address, byte[] to, int offset, int bytes);

    /**
     * Writes memory; the status is for the root complex's own record, the device never learns it.
     */
    CompletionStatus write(int function, int alias, long address, byte[] from, int offset,
            int bytes);

    /**
     * A root port raised a system error (SERR).
     *
     * @param port requester id of the root port
     */
    void systemError(int port, SystemError error);

    /**
     * What a processor asked of a function was never completed.
     *
     * @param function that was asked
     * @param nanos how long the requester waits before it goes on with all ones; -1 for ever
     * @param detected has the port above the function detect the error; run once
     */
    default void requestTimedOut(int function, long nanos, Runnable detected) {
        detected.run();
    }

    /**
     * The level of a function's interrupt pin changed: an Assert_INTx or Deassert_INTx message, at
     * the function that it comes from. Bridges on the way turn pins round by device number, which
     * is left to whoever routes them. Roots that do not override this drop it.
     *
     * <p>Source: PCI Express Base Specification, "INTx Interrupt Signaling".
     *
     * @param function whose pin it is
     * @param pin 1 to 4, INTA to INTD
     */
    default void interruptPin(int function, int pin, boolean asserted) { }

    /**
     * Answers a translation request. Roots without address translation services do not support it.
     *
     * @param access as for {@link DmaPort#translationRequest}
     * @return packed, see {@link TranslationCompletion}
     */
    default long translationRequest(int function, int alias, long address, int access) {
        return TranslationCompletion.unsupportedRequest();
    }

    /**
     * Reads memory by a translated request. Roots without address translation services do not
     * support it.
     *
     * @param untranslated what the address was translated from, for the records alone
     * @return status and, on success, bytes in {@code to}
     */
    default CompletionStatus readTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] to, int offset, int bytes) {
        return CompletionStatus.UNSUPPORTED_REQUEST;
    }

    /**
     * Writes memory by a translated request. Roots without address translation services do not
     * support it.
     *
     * @param untranslated what the address was translated from, for the records alone
     */
    default CompletionStatus writeTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] from, int offset, int bytes) {
        return CompletionStatus.UNSUPPORTED_REQUEST;
    }

    /**
     * A request does not come here: it ends at another function below the same switch or on the
     * same conventional bus, which its address leads to, or at a bridge that nobody behind takes it
     * from.
     *
     * @param function that made the request
     * @param alias the requester id that it would carry here
     * @param completer requester id of the function that it ends at
     * @param answered whether that takes it
     * @param access has it taken; run once
     */
    default void peerToPeer(int function, int alias, int completer, boolean write, long address,
            int bytes, boolean answered, Runnable access) {
        access.run();
    }

    /** Takes a function's answer to an invalidation request. */
    default void invalidationCompleted(int function, int alias, int tag) { }
}
