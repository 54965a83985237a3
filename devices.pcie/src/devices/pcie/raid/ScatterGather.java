// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CommandLayout.ENTRY_ADDRESS;
import static devices.pcie.raid.CommandLayout.ENTRY_BYTES;
import static devices.pcie.raid.CommandLayout.ENTRY_LENGTH;
import static devices.pcie.raid.CommandLayout.SCATTER_GATHER;

import java.nio.ByteBuffer;

/** The scatter-gather entries of a command list, and how far they are used up. One thread. */
final class ScatterGather {

    private final ByteBuffer list;
    private int entry;
    private int offset;

    /** @param list the command list, least significant byte first */
    ScatterGather(ByteBuffer list) {
        this.list = list;
    }

    void begin() {
        entry = 0;
        offset = 0;
    }

    private static int at(int index) {
        return SCATTER_GATHER + index * ENTRY_BYTES;
    }

    private long length(int index) {
        return Integer.toUnsignedLong(list.getInt(at(index) + ENTRY_LENGTH));
    }

    /** Returns the bytes of so many entries. */
    long bytes(int entries) {
        long bytes = 0;
        for (int i = 0; i < entries; i++) {
            bytes += length(i);
        }
        return bytes;
    }

    /** Returns the address that comes next, skipping entries of no bytes. */
    long nextAddress() {
        while (offset == length(entry)) {
            entry++;
            offset = 0;
        }
        return list.getLong(at(entry) + ENTRY_ADDRESS) + offset;
    }

    /** Returns how many bytes are left of the entry. */
    long left() {
        return length(entry) - offset;
    }

    /** Goes on by so many bytes, no more than are left of the entry. */
    void advance(int bytes) {
        offset += bytes;
    }
}
