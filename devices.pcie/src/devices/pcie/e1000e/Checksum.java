// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

/**
 * The Internet checksum that a controller puts into a frame that it sends.
 *
 * <p>Source: RFC 1071, "Computing the Internet Checksum"; 82574 datasheet, "Transmit Checksum
 * Offloading".
 */
final class Checksum {

    private Checksum() { }

    /**
     * Puts the sum over a part of a frame, one's complement, where it belongs; nothing if that is
     * not within the frame.
     *
     * @param start first byte summed
     * @param at where it goes, 2 bytes
     * @param end last byte summed; 0 for that of the frame
     */
    static void insert(byte[] frame, int length, long start, long at, long end) {
        if (at + 1 >= length || start >= length) {
            return;
        }
        int stop = end == 0 ? length : (int) Math.min(length, end + 1);
        int sum = 0;
        for (int i = (int) start; i < stop; i++) {
            int octet = frame[i] & 0xff;
            sum += (i - (int) start & 1) == 0 ? octet << 8 : octet;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        sum = (sum & 0xffff) + (sum >>> 16);
        frame[(int) at] = (byte) (~sum >>> 8);
        frame[(int) at + 1] = (byte) ~sum;
    }
}
