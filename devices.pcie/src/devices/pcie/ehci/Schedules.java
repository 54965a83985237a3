// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.QueueLayout.FRAMES;
import static devices.pcie.ehci.QueueLayout.LINK_BYTES;
import static devices.pcie.ehci.QueueLayout.POINTER;
import static devices.pcie.ehci.QueueLayout.QUEUE_HEAD;
import static devices.pcie.ehci.QueueLayout.TERMINATE;
import static devices.pcie.ehci.QueueLayout.TYPE;

import devices.pcie.link.LittleEndian;
import devices.pcie.link.MemoryAccess;
import iommu.api.pcie.DeviceContext;

/**
 * The two schedules: the periodic one, whose list has an entry a millisecond, and the asynchronous
 * one, a ring of queues. Isochronous transfers and split transactions are passed over. One thread.
 *
 * <p>Source: EHCI 1.0, "Schedule Traversal Rules", "Periodic Schedule", "Asynchronous Schedule". An
 * entry of the list is looked at once a frame, not in each of its microframes.
 */
final class Schedules {

    private static final int MOST_LINKS = 64;

    private final HostController host;
    private final DeviceContext context;
    private final MemoryAccess memory;
    private final QueueHead queue;
    private final byte[] link = new byte[LINK_BYTES];

    Schedules(HostController host, DeviceContext context, QueueHead queue) {
        this.host = host;
        this.context = context;
        this.queue = queue;
        memory = new MemoryAccess(context.dma());
    }

    /** Goes through what an entry of the list of frames leads to. */
    void periodic(long list, int frame) {
        context.request(-1);
        if (!read(list + (long) (frame % FRAMES) * LINK_BYTES)) {
            return;
        }
        long next = LittleEndian.dword(link, 0);
        for (int i = 0; i < MOST_LINKS && !TERMINATE.isSet(next); i++) {
            if (TYPE.of(next) == QUEUE_HEAD) {
                if (queue.visit(POINTER.inPlace(next)) == QueueHead.ABORTED) {
                    return;
                }
                next = queue.link();
            } else {
                if (!read(POINTER.inPlace(next))) {
                    return;
                }
                next = LittleEndian.dword(link, 0);
            }
        }
    }

    /**
     * Goes round the queues once.
     *
     * @return bytes that were moved, or the number of queues that have gone on without; 0 if
     *     nothing was done; {@link QueueHead#ABORTED}
     */
    int asynchronous(long first) {
        context.request(-1);
        int all = 0;
        long next = first;
        boolean begun = false;
        for (int i = 0; i < MOST_LINKS; i++) {
            int moved = queue.visit(POINTER.inPlace(next));
            if (moved == QueueHead.ABORTED) {
                return moved;
            }
            all += moved;
            if (queue.isReclamationHead()) {
                if (begun) {
                    return all;
                }
                begun = true;
            }
            next = queue.link();
            if (TERMINATE.isSet(next) || POINTER.inPlace(next) == POINTER.inPlace(first)) {
                return all;
            }
        }
        return all;
    }

    private boolean read(long address) {
        if (memory.read(address, link, 0, LINK_BYTES)) {
            return true;
        }
        host.hostSystemError();
        return false;
    }
}
