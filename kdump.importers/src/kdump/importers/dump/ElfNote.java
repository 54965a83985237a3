// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A note of an ELF file or of a kdump sub-header.
 *
 * <p>Source: System V ABI, "Note Section".
 *
 * @param name who defines its type, such as "CORE" or "VMCOREINFO"
 * @param type meaning depends on the name
 * @param offset of the descriptor within the notes
 * @param bytes of the descriptor
 */
public record ElfNote(String name, long type, int offset, int bytes) {

    private static final int HEADER_BYTES = 12;

    /** Most notes: a few for each CPU. */
    private static final int MAX_NOTES = 1 << 16;

    /**
     * Reads notes up to the first one that is damaged: notes of a crashed CPU may be cut short, and
     * no address is taken from them.
     *
     * @param notes little-endian
     */
    public static List<ElfNote> read(byte[] notes) {
        List<ElfNote> all = new ArrayList<>();
        for (long at = 0; at <= notes.length - HEADER_BYTES && all.size() < MAX_NOTES;) {
            long nameBytes = u32(notes, (int) at);
            long bytes = u32(notes, (int) at + 4);
            long type = u32(notes, (int) at + 8);
            long descriptor = at + HEADER_BYTES + (nameBytes + 3 & -4L);
            if (descriptor + bytes > notes.length) {
                break;
            }
            if (nameBytes + bytes > 0) {
                String name = new String(notes, (int) at + HEADER_BYTES, (int) nameBytes,
                        StandardCharsets.ISO_8859_1);
                int end = name.indexOf(0);
                all.add(new ElfNote(end < 0 ? name : name.substring(0, end), type,
                        (int) descriptor, (int) bytes));
            }
            at = descriptor + (bytes + 3 & -4L);
        }
        return all;
    }

    private static long u32(byte[] bytes, int at) {
        return bytes[at] & 0xffL | (bytes[at + 1] & 0xffL) << 8 | (bytes[at + 2] & 0xffL) << 16
                | (bytes[at + 3] & 0xffL) << 24;
    }
}
