// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.DriverPort;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The pages in which a driver keeps doorbells of its I/O queues, and finds up to where it need not
 * write the properties. One thread.
 *
 * <p>Source: Linux, nvme_dbbuf_dma_alloc, nvme_dbbuf_update_and_check_event, from 4.12 on
 * (f9f38e33389c).
 */
final class DoorbellPages {

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int BITS = 0xffff;

    private final DriverPort port;
    private final QueueMemory doorbells;
    private final QueueMemory events;
    private final int stride;
    private final byte[] word = new byte[NvmeRegisters.DOORBELL_BYTES];

    /** Takes pages that are mapped. */
    DoorbellPages(DriverPort port, QueueMemory doorbells, QueueMemory events, int stride) {
        this.port = port;
        this.doorbells = doorbells;
        this.events = events;
        this.stride = stride;
    }

    /** Allocates them, doorbells first. */
    static DoorbellPages allocate(DriverPort port, int stride) {
        var doorbells = QueueMemory.allocate(port, QueueMemory.PAGE_BYTES);
        return new DoorbellPages(port, doorbells,
                QueueMemory.allocate(port, QueueMemory.PAGE_BYTES), stride);
    }

    long doorbells() {
        return doorbells.iova();
    }

    long events() {
        return events.iova();
    }

    /** Begins anew. */
    void clear() {
        doorbells.clear(port, QueueMemory.PAGE_BYTES);
        events.clear(port, QueueMemory.PAGE_BYTES);
    }

    /** Writes a doorbell of a queue; returns whether the property has to be written, too. */
    boolean tell(int queue, boolean head, int value) {
        int offset = (2 * queue + (head ? 1 : 0)) * stride;
        int old = read(doorbells.address(offset));
        INT.set(word, 0, value);
        port.write(doorbells.address(offset), word, 0, word.length);
        int event = read(events.address(offset));
        return (value - event - 1 & BITS) < (value - old & BITS);
    }

    private int read(long physicalAddress) {
        port.read(physicalAddress, word, 0, word.length);
        return (int) INT.get(word, 0) & BITS;
    }
}
