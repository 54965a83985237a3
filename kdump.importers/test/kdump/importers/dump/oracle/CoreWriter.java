// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import kdump.importers.dump.Dump;

/** Writes a dump as the ELF core that makedumpfile finds in /proc/vmcore. */
final class CoreWriter {

    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int CHUNK = 1 << 20;
    /** Linux, x86-64, without KASLR of memory: Documentation/arch/x86/x86_64/mm.rst. */
    private static final long DIRECT_MAP = 0xffff_8880_0000_0000L;

    private CoreWriter() { }

    /** Writes all memory of {@code dump}, which has VMCOREINFO. */
    static void write(Dump dump, Path core) throws IOException {
        List<AddressRange> ranges = dump.image().ranges();
        byte[] note = note(dump);
        int count = ranges.size() + 1;
        long notesAt = HEADER + (long) PROGRAM_HEADER * count;
        ByteBuffer head = ByteBuffer.allocate((int) notesAt + note.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        head.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).putShort(16, (short) 4)
                .putShort(18, (short) 62).putInt(20, 1).putLong(32, HEADER)
                .putShort(52, (short) HEADER).putShort(54, (short) PROGRAM_HEADER)
                .putShort(56, (short) count);
        program(head, 0, 4, notesAt, 0, note.length);
        head.put((int) notesAt, note);
        long at = head.capacity() + 4095 & -4096L;
        try (var file = new RandomAccessFile(core.toFile(), "rw")) {
            byte[] chunk = new byte[CHUNK];
            for (int i = 0; i < ranges.size(); i++) {
                AddressRange range = ranges.get(i);
                program(head, i + 1, 1, at, range.start(), range.bytes());
                file.seek(at);
                for (long done = 0; done < range.bytes(); done += CHUNK) {
                    int bytes = (int) Math.min(CHUNK, range.bytes() - done);
                    dump.image().read(range.start() + done, chunk, 0, bytes);
                    file.write(chunk, 0, bytes);
                }
                at += range.bytes();
            }
            file.seek(0);
            file.write(head.array());
        }
    }

    private static void program(ByteBuffer head, int number, int type, long offset, long address,
            long bytes) {
        int at = HEADER + PROGRAM_HEADER * number;
        head.putInt(at, type).putInt(at + 4, 7).putLong(at + 8, offset)
                .putLong(at + 16, type == 1 ? DIRECT_MAP + address : 0).putLong(at + 24, address)
                .putLong(at + 32, bytes).putLong(at + 40, bytes);
    }

    private static byte[] note(Dump dump) {
        var text = new StringBuilder();
        dump.vmcoreInfo().values().forEach((key, value) ->
                text.append(key).append('=').append(value).append('\n'));
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer note = ByteBuffer.allocate(24 + (bytes.length + 3 & -4))
                .order(ByteOrder.LITTLE_ENDIAN);
        note.putInt(11).putInt(bytes.length).putInt(0)
                .put("VMCOREINFO\0\0".getBytes(StandardCharsets.ISO_8859_1)).put(bytes);
        return note.array();
    }
}
