// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Builds DMAR tables for tests. */
public final class DmarBytes {

    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    /** Adds a structure with its header; returns this. */
    public DmarBytes structure(int type, byte[] rest) {
        return raw(type, 4 + rest.length, rest);
    }

    /** Adds a structure that lies about its length. */
    public DmarBytes raw(int type, int length, byte[] rest) {
        body.writeBytes(new byte[] {(byte) type, (byte) (type >> 8), (byte) length,
            (byte) (length >> 8)});
        body.writeBytes(rest);
        return this;
    }

    /** Adds a remapping unit. */
    public DmarBytes drhd(int flags, int segment, long base, byte[]... scopes) {
        var rest = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        rest.put((byte) flags).put((byte) 0).putShort((short) segment).putLong(base);
        return structure(0, join(rest.array(), scopes));
    }

    /** Adds a reserved region. */
    public DmarBytes rmrr(int segment, long base, long limit, byte[]... scopes) {
        var rest = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
        rest.putShort((short) 0).putShort((short) segment).putLong(base).putLong(limit);
        return structure(1, join(rest.array(), scopes));
    }

    /** Returns a scope; {@code path} is device and function by turns. */
    public static byte[] scope(int type, int enumerationId, int bus, int... path) {
        byte[] scope = new byte[6 + path.length];
        scope[0] = (byte) type;
        scope[1] = (byte) scope.length;
        scope[4] = (byte) enumerationId;
        scope[5] = (byte) bus;
        for (int i = 0; i < path.length; i++) {
            scope[6 + i] = (byte) path[i];
        }
        return scope;
    }

    private static byte[] join(byte[] first, byte[]... rest) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(first);
        for (byte[] piece : rest) {
            out.writeBytes(piece);
        }
        return out.toByteArray();
    }

    /** Returns the table with its length and checksum. */
    public byte[] table() {
        var table = ByteBuffer.allocate(48 + body.size()).order(ByteOrder.LITTLE_ENDIAN);
        table.put(new byte[] {'D', 'M', 'A', 'R'}).putInt(table.capacity()).put((byte) 1);
        table.put(36, (byte) 38).put(37, (byte) 1);
        table.put(48, body.toByteArray());
        return summed(table.array());
    }

    /** Corrects the checksum of a table. */
    public static byte[] summed(byte[] table) {
        table[9] = 0;
        int sum = 0;
        for (byte b : table) {
            sum += b;
        }
        table[9] = (byte) -sum;
        return table;
    }
}
