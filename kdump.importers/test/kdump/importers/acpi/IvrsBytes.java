// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Builds IVRS tables for tests. */
public final class IvrsBytes {

    public static final long BASE = 0xfd00_0000L;

    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    /** Adds a block that says how long it is. */
    IvrsBytes block(int type, int flags, byte[] rest) {
        return raw(type, flags, 4 + rest.length, rest);
    }

    IvrsBytes raw(int type, int flags, int length, byte[] rest) {
        body.writeBytes(new byte[] {(byte) type, (byte) flags, (byte) length,
            (byte) (length >> 8)});
        body.writeBytes(rest);
        return this;
    }

    /** Adds a unit with the bytes of its entries. */
    public IvrsBytes ivhd(int type, long base, int... entries) {
        int head = type == 0x10 ? 20 : 36;
        var rest = ByteBuffer.allocate(head + entries.length).order(ByteOrder.LITTLE_ENDIAN);
        rest.putShort((short) 2).putShort((short) 0x40).putLong(base).putShort((short) 0)
                .putShort((short) 0).putInt(0x80048f6e);
        if (type != 0x10) {
            rest.putLong(0x246577efa2254afaL).putLong(0);
        }
        for (int entry : entries) {
            rest.put((byte) entry);
        }
        return block(type, 0xb0, rest.array());
    }

    /** Adds a range that devices reach without translation, or not at all. */
    public IvrsBytes ivmd(int type, int flags, int device, int last, long start, long length) {
        var rest = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
        rest.putShort((short) device).putShort((short) last).putLong(0).putLong(start)
                .putLong(length);
        return block(type, flags, rest.array());
    }

    /** Returns the table. */
    public byte[] table() {
        var table = ByteBuffer.allocate(48 + body.size()).order(ByteOrder.LITTLE_ENDIAN);
        table.put(new byte[] {'I', 'V', 'R', 'S'}).putInt(table.capacity()).put((byte) 2);
        table.putInt(36, 0x203041);
        table.put(48, body.toByteArray());
        return DmarBytes.summed(table.array());
    }
}
