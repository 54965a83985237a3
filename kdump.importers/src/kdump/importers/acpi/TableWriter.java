// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes little-endian fields one after another, each with the name that iasl prints for it. Those
 * who override {@link #field} see them all, so that a table is printed by the same walk that writes
 * it. One thread.
 */
class TableWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Returns the offset of the next field. */
    final int at() {
        return out.size();
    }

    final TableWriter u8(String name, int value) {
        return number(name, value, 1, "");
    }

    final TableWriter u16(String name, int value) {
        return number(name, value, 2, "");
    }

    final TableWriter u32(String name, long value) {
        return number(name, value, 4, "");
    }

    final TableWriter u64(String name, long value) {
        return number(name, value, 8, "");
    }

    /** Writes a number and says what it means; an empty text says nothing. */
    final TableWriter number(String name, long value, int bytes, String meaning) {
        long mask = bytes == 8 ? -1 : (1L << 8 * bytes) - 1;
        field(name, bytes, String.format("%0" + 2 * bytes + "X", value & mask), meaning);
        for (int i = 0; i < bytes; i++) {
            out.write((int) (value >>> 8 * i));
        }
        return this;
    }

    /** Writes one step of a path to a device. */
    final TableWriter step(int device, int function) {
        field("PCI Path", 2, String.format("%02X,%02X", device & 0xff, function & 0xff), "");
        out.write(device);
        out.write(function);
        return this;
    }

    /** Writes characters, a byte each. */
    final TableWriter text(String name, String text) {
        if (!text.isEmpty()) {
            field(name, text.length(), "\"" + text.replaceAll("\\P{Graph}+$", "")
                    .replaceAll("[^\\p{Graph} ]", ".") + "\"", "");
            out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        return this;
    }

    /** Writes bytes, a character each. */
    final TableWriter raw(String name, String bytes) {
        if (!bytes.isEmpty()) {
            var hex = new StringBuilder();
            bytes.chars().forEach(b -> hex.append(String.format(" %02X", b)));
            field(name, bytes.length(), hex.substring(1), "");
            out.writeBytes(bytes.getBytes(StandardCharsets.ISO_8859_1));
        }
        return this;
    }

    /** Called for each field, before it is written at {@link #at}. */
    void field(String name, int bytes, String value, String meaning) { }

    final byte[] bytes() {
        return out.toByteArray();
    }
}
