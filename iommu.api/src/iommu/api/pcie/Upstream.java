// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/** What lies above the root ports: receives every DMA request that passed the gates below. */
public interface Upstream {

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
     * @param gates the enables that were all set on the way, for people
     */
    void systemError(int port, String gates);
}
