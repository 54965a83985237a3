// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import java.util.Arrays;

/**
 * The MSI-X table of a function and its pending bits, behind the BARs that the capability names.
 * Accesses have 4 or 8 bytes; what others read or change is undefined: here ones, and nothing.
 * After a reset all entries are masked. One thread.
 *
 * <p>Source: PCI Local Bus Specification, "MSI-X Capability and Table Structure".
 */
final class MsiXTable {

    private static final int CONTROL = 2;
    private static final BitField SIZE = bits(10, 0);      // entries less one
    private static final BitField FUNCTION_MASK = bit(14);
    private static final BitField ENABLE = bit(15);
    private static final int TABLE = 4;
    private static final int PENDING = 8;
    private static final BitField BIR = bits(2, 0);
    private static final BitField OFFSET = bits(31, 3);

    private static final int ENTRY_BYTES = 16;
    private static final int ENTRY_WORDS = 4;
    private static final int DATA = 2;
    private static final int VECTOR_CONTROL = 3;
    private static final int MASKED = 1;
    /** What software writes sticks: of an address all but 1:0, of the vector control the mask. */
    private static final int[] WRITABLE = {~3, ~0, ~0, MASKED};

    private final Capabilities.ConfigReader config;
    private final int at;
    private final int tableBar;
    private final long tableStart;
    private final int pendingBar;
    private final long pendingStart;
    private final int[] words;
    private final long[] pending;

    /** @param at offset of the capability */
    MsiXTable(Capabilities.ConfigReader config, int at) {
        this.config = config;
        this.at = at;
        int entries = (int) SIZE.of(config.read(at + CONTROL, 2)) + 1;
        int table = config.read(at + TABLE, 4);
        int bits = config.read(at + PENDING, 4);
        tableBar = (int) BIR.of(table);
        tableStart = OFFSET.inPlace(Integer.toUnsignedLong(table));
        pendingBar = (int) BIR.of(bits);
        pendingStart = OFFSET.inPlace(Integer.toUnsignedLong(bits));
        words = new int[entries * ENTRY_WORDS];
        pending = new long[(entries + Long.SIZE - 1) / Long.SIZE];
        reset();
    }

    /** Writes an entry as software does. */
    static void write(PciFunction function, int at, int entry, Message message) {
        int table = function.readConfig(at + TABLE, 4);
        int bar = (int) BIR.of(table);
        long first = OFFSET.inPlace(Integer.toUnsignedLong(table)) + (long) entry * ENTRY_BYTES;
        function.writeRegister(bar, first + 4 * VECTOR_CONTROL, 4, MASKED);
        function.writeRegister(bar, first, 4, message.address());
        function.writeRegister(bar, first + 4, 4, message.address() >>> 32);
        function.writeRegister(bar, first + 4 * DATA, 4, message.data());
        function.writeRegister(bar, first + 4 * VECTOR_CONTROL, 4, 0);
    }

    void reset() {
        Arrays.fill(words, 0);
        for (int i = VECTOR_CONTROL; i < words.length; i += ENTRY_WORDS) {
            words[i] = MASKED;
        }
        clearPending();
    }

    void clearPending() {
        Arrays.fill(pending, 0);
    }

    int entries() {
        return words.length / ENTRY_WORDS;
    }

    boolean isEnabled() {
        return ENABLE.isSet(config.read(at + CONTROL, 2));
    }

    /** Returns whether the function sends what entries that are not masked hold. */
    boolean isOpen() {
        return isOpen(config, at);
    }

    static boolean isOpen(Capabilities.ConfigReader config, int at) {
        int control = config.read(at + CONTROL, 2);
        return ENABLE.isSet(control) && !FUNCTION_MASK.isSet(control);
    }

    boolean isMasked(int entry) {
        return words[entry * ENTRY_WORDS + VECTOR_CONTROL] == MASKED;
    }

    long address(int entry) {
        return Integer.toUnsignedLong(words[entry * ENTRY_WORDS])
                | (long) words[entry * ENTRY_WORDS + 1] << 32;
    }

    int data(int entry) {
        return words[entry * ENTRY_WORDS + DATA];
    }

    void pend(int entry) {
        pending[entry / Long.SIZE] |= 1L << entry;
    }

    /** Takes a pending entry that may be sent; returns -1 if there is none. */
    int takeDeliverable() {
        for (int word = 0; word < pending.length; word++) {
            for (long left = pending[word]; left != 0; left &= left - 1) {
                int entry = word * Long.SIZE + Long.numberOfTrailingZeros(left);
                if (!isMasked(entry)) {
                    pending[word] &= ~(1L << entry);
                    return entry;
                }
            }
        }
        return -1;
    }

    // ---- behind the BARs ------------------------------------------------------------------------

    private boolean inTable(int bar, long offset) {
        return bar == tableBar && offset >= tableStart && offset < tableEnd();
    }

    private boolean inPending(int bar, long offset) {
        return bar == pendingBar && offset >= pendingStart && offset < pendingEnd();
    }

    private long tableEnd() {
        return tableStart + (long) entries() * ENTRY_BYTES;
    }

    private long pendingEnd() {
        return pendingStart + (long) pending.length * Long.BYTES;
    }

    boolean holds(int bar, long offset) {
        return inTable(bar, offset) || inPending(bar, offset);
    }

    /** Returns the offset after the last byte that lies in a BAR; 0 if none does. */
    long end(int bar) {
        return Math.max(bar == tableBar ? tableEnd() : 0, bar == pendingBar ? pendingEnd() : 0);
    }

    long read(int bar, long offset, int bytes) {
        if (bytes < Integer.BYTES) {
            return Bar.ones(bytes);
        }
        long value = Integer.toUnsignedLong(word(bar, offset));
        return bytes == Integer.BYTES ? value
                : value | (long) word(bar, offset + Integer.BYTES) << 32;
    }

    private int word(int bar, long offset) {
        if (inTable(bar, offset)) {
            return words[(int) (offset - tableStart) / Integer.BYTES];
        }
        int bit = (int) (offset - pendingStart) * Byte.SIZE;
        return (int) (pending[bit / Long.SIZE] >>> bit);
    }

    void write(int bar, long offset, int bytes, long value) {
        if (bytes >= Integer.BYTES && inTable(bar, offset)) {
            int first = (int) (offset - tableStart) / Integer.BYTES;
            words[first] = (int) value & WRITABLE[first % ENTRY_WORDS];
            if (bytes == Long.BYTES) {
                words[first + 1] = (int) (value >>> 32) & WRITABLE[(first + 1) % ENTRY_WORDS];
            }
        }
    }
}
