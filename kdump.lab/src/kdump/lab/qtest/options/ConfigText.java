// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Config space as a list of words: {@code "0:11e81234 48-fc:ffffffff"} is a word at offset 0 and
 * the same word at 48h to FCh; what is not named is 0. All hexadecimal.
 */
final class ConfigText {

    private ConfigText() { }

    /**
     * Returns the bytes that a list describes.
     *
     * @throws IllegalArgumentException if a word lies beyond {@code size}
     */
    static byte[] bytes(int size, String text) {
        ByteBuffer words = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        for (String entry : text.trim().split("\\s+")) {
            int colon = entry.indexOf(':');
            String[] range = entry.substring(0, colon).split("-");
            int last = Integer.parseInt(range[range.length - 1], 16);
            int word = Integer.parseUnsignedInt(entry.substring(colon + 1), 16);
            if (last > size - 4) {
                throw new IllegalArgumentException(entry + " in " + size + " bytes");
            }
            for (int at = Integer.parseInt(range[0], 16); at <= last; at += 4) {
                words.putInt(at, word);
            }
        }
        return words.array();
    }
}
