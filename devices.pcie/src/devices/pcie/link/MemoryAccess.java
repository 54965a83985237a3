// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;

/** Memory in requests of one payload, none of which crosses a boundary of payloads. */
public final class MemoryAccess {

    private static final int PAYLOAD_BYTES = 256;

    private final DmaPort dma;

    /** Makes the access of one function. */
    public MemoryAccess(DmaPort dma) {
        this.dma = dma;
    }

    /** Returns whether all of it was read; the first request that fails is the last. */
    public boolean read(long address, byte[] to, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            int chunk = chunk(address + done, bytes - done);
            if (dma.read(address + done, to, offset + done, chunk) != CompletionStatus.SUCCESS) {
                return false;
            }
            done += chunk;
        }
        return true;
    }

    /** Writes; nobody says whether it arrives. */
    public void write(long address, byte[] from, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            int chunk = chunk(address + done, bytes - done);
            dma.write(address + done, from, offset + done, chunk);
            done += chunk;
        }
    }

    private static int chunk(long address, int bytes) {
        return Math.min(bytes, PAYLOAD_BYTES - (int) (address & PAYLOAD_BYTES - 1));
    }
}
