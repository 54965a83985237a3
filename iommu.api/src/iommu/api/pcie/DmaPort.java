// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * The way a function takes to memory: through its bus-master gate, the bridges above it and the
 * remapping unit. Handed to a device model by the fabric. One thread.
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
}
