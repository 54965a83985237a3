// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import java.io.IOException;

/** A file does not hold what its format demands. The message is one line. */
public final class FormatException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param file name as the user gave it
     * @param offset in bytes (of the unpacked content), or the line number for text
     * @param field structure and field, such as "DMAR.length"
     * @param found what stands there
     * @param expected what should
     */
    public FormatException(String file, long offset, String field, String found, String expected) {
        super(file + ": at 0x" + Long.toHexString(offset) + ": " + field + ": found "
                + printable(found) + ", expected " + expected);
    }

    private static String printable(String found) {
        var text = new StringBuilder();
        found.codePoints().limit(80).forEach(
                c -> text.appendCodePoint(Character.isISOControl(c) ? '.' : c));
        return text.toString();
    }
}
