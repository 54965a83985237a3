// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

/** Numbers of 64 bits as C reads them: hexadecimal after 0x, octal after 0, decimal else. */
public final class Numbers {

    private Numbers() { }

    /**
     * Reads a number; a leading minus negates it.
     *
     * @throws NumberFormatException if it is none
     */
    public static long unsigned(String text) {
        if (text.startsWith("-")) {
            return -unsigned(text.substring(1));
        }
        if (text.startsWith("0x") || text.startsWith("0X")) {
            return Long.parseUnsignedLong(text, 2, text.length(), 16);
        }
        return text.length() > 1 && text.startsWith("0") ? Long.parseUnsignedLong(text, 8)
                : Long.parseUnsignedLong(text);
    }
}
