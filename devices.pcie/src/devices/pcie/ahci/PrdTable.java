// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.BYTE_COUNT;
import static devices.pcie.ahci.AhciLayout.DBC;
import static devices.pcie.ahci.AhciLayout.PRD_BYTES;
import static devices.pcie.ahci.AhciLayout.PRD_INTERRUPT;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The physical region descriptors of one command: fetched by eights, held, and used up in order,
 * whatever becomes of the table meanwhile. One thread.
 *
 * <p>Source: AHCI 1.3.1, "Physical Region Descriptor Table".
 */
final class PrdTable {

    /** How a move ended. */
    enum Outcome {
        /** All bytes have moved. */
        MOVED,
        /** The table ended before the bytes did. */
        OVERFLOW,
        /** A read of memory was aborted. */
        ABORTED
    }

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int HELD = 8;
    private static final int PAYLOAD_BYTES = 256;

    private final DmaPort dma;
    private final byte[] held = new byte[HELD * PRD_BYTES];
    private long table;
    private int entries;
    private int fetched;
    private int entry;
    private long address;
    private int left;
    private boolean interrupts;
    private boolean doneWithInterrupt;

    PrdTable(DmaPort dma) {
        this.dma = dma;
    }

    /** Begins with the table of a command and fetches its first entries; false if that aborts. */
    boolean begin(long at, int count) {
        table = at;
        entries = count;
        fetched = 0;
        entry = 0;
        left = 0;
        doneWithInterrupt = false;
        return count == 0 || fetch();
    }

    private boolean fetch() {
        int count = Math.min(HELD, entries - fetched);
        boolean answered = dma.read(table + (long) fetched * PRD_BYTES, held, 0,
                count * PRD_BYTES) == CompletionStatus.SUCCESS;
        fetched += count;
        return answered;
    }

    /** Returns whether an entry with I was used up since the last call. */
    boolean takeInterrupt() {
        boolean was = doneWithInterrupt;
        doneWithInterrupt = false;
        return was;
    }

    /** Moves the next bytes, in requests of at most a payload. */
    Outcome move(boolean toMemory, byte[] data, int bytes) {
        for (int done = 0; done < bytes;) {
            if (left == 0) {
                if (entry == entries) {
                    return Outcome.OVERFLOW;
                }
                if (entry == fetched && !fetch()) {
                    return Outcome.ABORTED;
                }
                next();
            }
            int chunk = Math.min(Math.min(bytes - done, left),
                    PAYLOAD_BYTES - (int) (address & PAYLOAD_BYTES - 1));
            CompletionStatus status = toMemory ? dma.write(address, data, done, chunk)
                    : dma.read(address, data, done, chunk);
            if (status != CompletionStatus.SUCCESS) {
                return Outcome.ABORTED;
            }
            done += chunk;
            address += chunk;
            left -= chunk;
            doneWithInterrupt |= left == 0 && interrupts;
        }
        return Outcome.MOVED;
    }

    private void next() {
        int at = entry % HELD * PRD_BYTES;
        int count = (int) INT.get(held, at + DBC);
        address = (long) LONG.get(held, at) & -2;
        left = (int) BYTE_COUNT.of(count) + 1;
        interrupts = PRD_INTERRUPT.isSet(count);
        entry++;
    }
}
