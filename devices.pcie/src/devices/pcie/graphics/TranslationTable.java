// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.ADDRESS;
import static devices.pcie.graphics.GraphicsLayout.VALID;

/**
 * The global table of translations, one entry a page of graphics addresses. It lies where the
 * memory that firmware stole begins, goes past the remapping unit, and no processor reaches it but
 * through the function's registers: so it is held here. Firmware maps the first graphics addresses
 * to the pages that follow it. One thread.
 *
 * <p>Source: Programmer's Reference Manual, "Global GTT", "Stolen Memory".
 */
final class TranslationTable {

    /** Returned for pages that are not mapped. */
    static final long NONE = -1;

    private static final int PAGE = 4096;
    private static final int PIECE = 512;

    private final StolenMemory stolen;
    /** Entries that were written, by pieces of the table; a piece without any is null. */
    private final long[][] pieces;

    TranslationTable(StolenMemory stolen) {
        this.stolen = stolen;
        pieces = new long[(int) (stolen.entries() / PIECE)][];
    }

    StolenMemory stolen() {
        return stolen;
    }

    /** Returns an entry, 0 to those of stolen memory less 1. */
    long entry(long index) {
        long[] piece = pieces[(int) (index / PIECE)];
        return piece == null ? firmwares(index) : piece[(int) (index % PIECE)];
    }

    private long firmwares(long index) {
        return index < stolen.pages() ? stolen.surfaces() + index * PAGE | VALID.mask() : 0;
    }

    void write(long index, long value) {
        int number = (int) (index / PIECE);
        if (pieces[number] == null) {
            pieces[number] = new long[PIECE];
            for (int i = 0; i < PIECE; i++) {
                pieces[number][i] = firmwares((long) number * PIECE + i);
            }
        }
        pieces[number][(int) (index % PIECE)] = value;
    }

    /** Returns the bus address of a graphics address, or {@link #NONE}. */
    long translate(long graphics) {
        long index = graphics / PAGE;
        long entry = index < stolen.entries() ? entry(index) : 0;
        return VALID.isSet(entry) ? ADDRESS.inPlace(entry) | graphics % PAGE : NONE;
    }
}
