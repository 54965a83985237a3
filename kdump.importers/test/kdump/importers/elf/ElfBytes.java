// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import kdump.importers.bytes.Content;

/** Builds ELF cores for tests: header, program headers, and bytes that say where they are. */
public final class ElfBytes implements Content {

    private static final int FIRST_HEADER = 64;

    private final ByteBuffer bytes;
    private int count;

    /** Makes a core with room for {@code headers} program headers and {@code memoryBytes}. */
    public ElfBytes(int headers, int memoryBytes) {
        this(new byte[FIRST_HEADER + 56 * headers + memoryBytes]);
        for (int at = FIRST_HEADER + 56 * headers; at < bytes.capacity(); at++) {
            bytes.put(at, (byte) (at * 7));
        }
        bytes.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        put16(16, 4).put16(18, 62).put32(20, 1).put64(32, FIRST_HEADER).put16(52, 8);
        put16(54, 56);
    }

    private ElfBytes(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Takes any bytes as they are. */
    static ElfBytes of(byte[] bytes) {
        return new ElfBytes(bytes);
    }

    ElfBytes put16(int at, int value) {
        bytes.putShort(at, (short) value);
        return this;
    }

    ElfBytes put32(int at, int value) {
        bytes.putInt(at, value);
        return this;
    }

    ElfBytes put64(int at, long value) {
        bytes.putLong(at, value);
        return this;
    }

    ElfBytes put8(int at, int value) {
        bytes.put(at, (byte) value);
        return this;
    }

    /** Returns the offset of the program header added last. */
    int lastHeader() {
        return FIRST_HEADER + 56 * (count - 1);
    }

    /** Adds a PT_LOAD. */
    public ElfBytes load(long offset, long address, long fileBytes, long memoryBytes) {
        return header(1, offset, address, fileBytes, memoryBytes);
    }

    /** Adds a program header. */
    public ElfBytes header(int type, long offset, long address, long fileBytes, long memoryBytes) {
        count++;
        put16(56, count);
        int at = lastHeader();
        return put32(at, type).put64(at + 8, offset).put64(at + 24, address)
                .put64(at + 32, fileBytes).put64(at + 40, memoryBytes);
    }

    /** Returns the file. */
    public byte[] array() {
        return bytes.array();
    }

    /** Returns bytes as they lie in the file. */
    byte[] part(int from, int count) {
        return Arrays.copyOfRange(bytes.array(), from, from + count);
    }

    @Override
    public String name() {
        return "core";
    }

    @Override
    public long bytes() {
        return bytes.capacity();
    }

    @Override
    public void read(long offset, byte[] to, int at, int count) {
        System.arraycopy(bytes.array(), Math.toIntExact(offset), to, at, count);
    }
}
