// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes little-endian fields one after another. One thread. */
class TableWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Returns the offset of the next field. */
    final int at() {
        return out.size();
    }

    final TableWriter u8(int value) {
        return field(value, 1);
    }

    final TableWriter u16(int value) {
        return field(value, 2);
    }

    final TableWriter u32(long value) {
        return field(value, 4);
    }

    final TableWriter u64(long value) {
        return field(value, 8);
    }

    /** Writes one field; a test overrides this to see them all. */
    TableWriter field(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (value >>> 8 * i));
        }
        return this;
    }

    /** Writes a character a byte. */
    final TableWriter text(String text) {
        out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    final byte[] bytes() {
        return out.toByteArray();
    }
}
