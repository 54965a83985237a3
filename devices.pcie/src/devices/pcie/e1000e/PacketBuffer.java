// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

/**
 * Frames received that wait on chip for descriptors, oldest first, as many as find room. One
 * thread; nothing is allocated once it is made.
 *
 * <p>Source: 82574 datasheet, "Packet Buffer Allocation - PBA".
 */
final class PacketBuffer {

    /** Frames take at least this much each. */
    private static final int LEAST_BYTES = 64;

    private final byte[] bytes;
    private final int[] lengths;
    private int begin;
    private int used;
    private int first;
    private int count;

    PacketBuffer(int capacity) {
        bytes = new byte[capacity];
        lengths = new int[capacity / LEAST_BYTES];
    }

    boolean isEmpty() {
        return count == 0;
    }

    /**
     * Takes a frame.
     *
     * @return whether there was room for it
     */
    boolean offer(byte[] frame, int length) {
        if (length > bytes.length - used || count == lengths.length) {
            return false;
        }
        int at = (begin + used) % bytes.length;
        int run = Math.min(length, bytes.length - at);
        System.arraycopy(frame, 0, bytes, at, run);
        System.arraycopy(frame, run, bytes, 0, length - run);
        lengths[(first + count) % lengths.length] = length;
        used += length;
        count++;
        return true;
    }

    /** Takes the oldest frame out and returns its length; there must be one. */
    int take(byte[] to) {
        int length = lengths[first];
        int run = Math.min(length, bytes.length - begin);
        System.arraycopy(bytes, begin, to, 0, run);
        System.arraycopy(bytes, 0, to, run, length - run);
        begin = (begin + length) % bytes.length;
        used -= length;
        first = (first + 1) % lengths.length;
        count--;
        return length;
    }

    void clear() {
        begin = used = first = count = 0;
    }
}
