// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The pages of memory that a command moves data to or from: held from when they are known until the
 * data is moved. PRP2 is the second of two, or leads to a list of all but the first, whose last
 * entry in a page leads on to the rest.
 *
 * <p>Source: NVM Express Base Specification, "Physical Region Page Entry and List". Bits 1:0 of
 * PRP1, and bits 2:0 of what leads to a list, are taken as 0.
 */
final class PrpPages {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int MOST = (1 << IdentifyPages.MDTS) + 1;
    private static final int LIST_BYTES = 4096;
    private static final int ENTRY_BYTES = Long.BYTES;

    private final long[] pages = new long[MOST];
    private final byte[] list = new byte[LIST_BYTES];
    private int pageBytes;
    private int count;
    private int known;
    private long next;

    /**
     * Begins with a command's pointers.
     *
     * @param size of a page of memory
     * @param bytes that it moves, at least 1, at most what MDTS allows
     * @return status
     */
    int begin(long prp1, long prp2, int size, int bytes) {
        pageBytes = size;
        pages[0] = prp1 & -4L;
        known = 1;
        int offset = (int) (prp1 & -4L & size - 1);
        count = (offset + bytes + size - 1) / size;
        next = prp2 & -ENTRY_BYTES;
        if (count == 2) {
            pages[1] = prp2;
            known = 2;
            return (prp2 & size - 1) == 0 ? NvmeCommands.SUCCESS
                    : NvmeCommands.PRP_OFFSET_INVALID;
        }
        return NvmeCommands.SUCCESS;
    }

    /** Returns whether no list has to be fetched any more. */
    boolean isComplete() {
        return known == count;
    }

    /** Fetches the next page of the list, or the rest of it; returns status. */
    int fetch(DmaPort dma) {
        int room = (int) (pageBytes - (next & pageBytes - 1)) / ENTRY_BYTES;
        int wanted = Math.min(count - known, Math.min(room, LIST_BYTES / ENTRY_BYTES));
        if (dma.read(next, list, 0, wanted * ENTRY_BYTES) != CompletionStatus.SUCCESS) {
            return NvmeCommands.DATA_TRANSFER_ERROR;
        }
        boolean leadsOn = wanted == room && wanted < count - known;
        for (int i = 0; i < (leadsOn ? wanted - 1 : wanted); i++) {
            long page = (long) LONG.get(list, i * ENTRY_BYTES);
            if ((page & pageBytes - 1) != 0) {
                return NvmeCommands.PRP_OFFSET_INVALID;
            }
            pages[known++] = page;
        }
        next = leadsOn ? (long) LONG.get(list, (wanted - 1) * ENTRY_BYTES) & -ENTRY_BYTES
                : next + (long) wanted * ENTRY_BYTES;
        return NvmeCommands.SUCCESS;
    }

    /** Returns where a byte of the data lies. */
    long address(int at) {
        int from = (int) (pages[0] & pageBytes - 1) + at;
        return from < pageBytes ? pages[0] + at : pages[from / pageBytes] + from % pageBytes;
    }

    /** Returns how many bytes from one of the data on lie in its page. */
    int room(int at) {
        return pageBytes - (int) ((pages[0] & pageBytes - 1) + at) % pageBytes;
    }
}
