// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import iommu.api.machine.FormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Little-endian fields in a piece of a file. Reading past the end is a {@link FormatException} that
 * names the field. Not to be changed while in use; thread-safe then.
 */
public final class ByteFacts {

    private final String file;
    private final long fileOffset;
    private final ByteBuffer bytes;

    /**
     * Makes one.
     *
     * @param file name for messages
     * @param fileOffset where in the file {@code bytes} begins
     * @param bytes not copied
     */
    public ByteFacts(String file, long fileOffset, byte[] bytes) {
        this.file = file;
        this.fileOffset = fileOffset;
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns the name of the file. */
    public String file() {
        return file;
    }

    /** Returns the number of bytes. */
    public int size() {
        return bytes.capacity();
    }

    /** Returns the byte at {@code offset}, unsigned. */
    public int u8(int offset, String field) throws FormatException {
        need(offset, 1, field);
        return bytes.get(offset) & 0xff;
    }

    /** Returns the 16 bits at {@code offset}, unsigned. */
    public int u16(int offset, String field) throws FormatException {
        need(offset, 2, field);
        return bytes.getShort(offset) & 0xffff;
    }

    /** Returns the 32 bits at {@code offset}, unsigned. */
    public long u32(int offset, String field) throws FormatException {
        need(offset, 4, field);
        return Integer.toUnsignedLong(bytes.getInt(offset));
    }

    /** Returns the 64 bits at {@code offset}. */
    public long u64(int offset, String field) throws FormatException {
        need(offset, 8, field);
        return bytes.getLong(offset);
    }

    /** Returns {@code count} bytes from {@code offset} as a character each. */
    public String text(int offset, int count, String field) throws FormatException {
        need(offset, count, field);
        return new String(bytes.array(), offset, count, StandardCharsets.ISO_8859_1);
    }

    /** Checks that {@code count} bytes from {@code offset} are there. */
    public void need(int offset, int count, String field) throws FormatException {
        if (offset < 0 || offset > size() - count) {
            throw wrong(offset, field,
                    "end of the file at 0x" + Long.toHexString(fileOffset + size()),
                    count + " bytes");
        }
    }

    /** Returns the complaint that {@code field} holds {@code found}. */
    public FormatException wrong(int offset, String field, String found, String expected) {
        return new FormatException(file, fileOffset + offset, field, found, expected);
    }

    /** Returns the complaint that {@code field} holds the number {@code found}. */
    public FormatException wrong(int offset, String field, long found, String expected) {
        return wrong(offset, field, "0x" + Long.toHexString(found), expected);
    }
}
