// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Doorbells in the host's memory, which stand for the controller's properties once the host has
 * told where they are, and beside them the value up to which each need not be told again. Both are
 * read and written by DMA: where they lie is a matter of what translates that. One thread.
 *
 * <p>The controller looks at a shadow doorbell when it is told by the property, before it fetches,
 * after each entry that it fetched, and before it posts a completion, as QEMU's does. A read that
 * is aborted leaves it with what it knew.
 *
 * <p>Source: NVM Express Base Specification, "Doorbell Buffer Config command", "Updating Controller
 * Doorbell Properties using a Shadow Doorbell Buffer".
 */
final class ShadowDoorbells {

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final DmaPort dma;
    private final byte[] word = new byte[NvmeRegisters.DOORBELL_BYTES];
    private boolean on;
    private long doorbells;
    private long events;

    ShadowDoorbells(DmaPort dma) {
        this.dma = dma;
    }

    /** The properties count alone, from now on. */
    void reset() {
        on = false;
    }

    /** The doorbells in memory count from now on. */
    void begin(long shadowDoorbells, long eventIndexes) {
        doorbells = shadowDoorbells;
        events = eventIndexes;
        on = true;
    }

    boolean isOn() {
        return on;
    }

    /** Returns the offset of a queue's doorbell, in either page as among the properties. */
    private static int offset(int queue, boolean head) {
        return (2 * queue + (head ? 1 : 0)) * NvmeRegisters.DOORBELL_BYTES;
    }

    /** Returns a doorbell as it is in memory. */
    int read(int queue, boolean head, int otherwise) {
        return dma.read(doorbells + offset(queue, head), word, 0, word.length)
                == CompletionStatus.SUCCESS ? (int) INT.get(word, 0) & 0xffff : otherwise;
    }

    /** Writes a doorbell, as the host has not. */
    void write(int queue, boolean head, int value) {
        put(doorbells + offset(queue, head), value);
    }

    /** Says up to where the controller looks by itself. */
    void writeEvent(int queue, boolean head, int value) {
        put(events + offset(queue, head), value);
    }

    private void put(long address, int value) {
        INT.set(word, 0, value);
        dma.write(address, word, 0, word.length);
    }
}
