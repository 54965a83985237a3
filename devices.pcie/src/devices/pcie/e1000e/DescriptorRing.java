// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;

/**
 * One ring as its registers have it, and the descriptors of it that are on chip: first those that
 * have been used and wait to be written back, then those that are held for use. One thread.
 *
 * <p>Source: 82574 datasheet, "Receive Descriptor Queue Structure", "Receive Descriptor Fetching".
 */
final class DescriptorRing {

    /** Descriptors that find room on chip. */
    static final int ON_CHIP = 64;

    private final RegisterFile registers;
    private final Register baseLow;
    private final Register baseHigh;
    private final Register length;
    private final Register head;
    private final Register tail;
    private final byte[] slots = new byte[ON_CHIP * DescriptorLayout.BYTES];
    private int first;
    private int used;
    private int held;

    DescriptorRing(RegisterFile registers, Register baseLow, Register baseHigh, Register length,
            Register head, Register tail) {
        this.registers = registers;
        this.baseLow = baseLow;
        this.baseHigh = baseHigh;
        this.length = length;
        this.head = head;
        this.tail = tail;
    }

    /** Forgets what is on chip, but for so many of those held. */
    void keep(int most) {
        held = Math.min(held, most);
        if (held == 0 && most == 0) {
            used = 0;
        }
    }

    /** Returns how many descriptors the ring has; 0 if it is not set up. */
    int size() {
        return (int) registers.get(length) / DescriptorLayout.BYTES;
    }

    int used() {
        return used;
    }

    int held() {
        return held;
    }

    private int index(int ahead) {
        return size() == 0 ? 0 : (int) ((registers.get(head) + ahead) % size());
    }

    /** Returns how many descriptors lie in memory ready to be fetched. */
    int available() {
        int size = size();
        return size == 0 ? 0
                : (int) (registers.get(tail) % size - index(used + held) + size) % size;
    }

    /** Returns how many descriptors the chip still has, on chip and in memory. */
    int left() {
        return held + available();
    }

    /** Returns how many of those available one fetch may bring: room, and not over the end. */
    int fetchable() {
        return size() == 0 ? 0 : Math.min(Math.min(available(), ON_CHIP - used - held),
                size() - index(used + held));
    }

    /** Returns the address of the next descriptor to be fetched. */
    long fetchAddress() {
        return address(used + held);
    }

    /** Returns the address of a descriptor, counted from the first that is not written back. */
    long address(int ahead) {
        return (registers.get(baseHigh) << 32 | registers.get(baseLow))
                + (long) index(ahead) * DescriptorLayout.BYTES;
    }

    /** Takes fetched descriptors. */
    void hold(byte[] fetched, int count) {
        for (int i = 0; i < count; i++) {
            System.arraycopy(fetched, i * DescriptorLayout.BYTES, slots, slot(used + held),
                    DescriptorLayout.BYTES);
            held++;
        }
    }

    private int slot(int ahead) {
        return (first + ahead) % ON_CHIP * DescriptorLayout.BYTES;
    }

    /** Returns the low or high quadword of the first that is held. */
    long quadword(int offset) {
        return DescriptorLayout.quadword(slots, slot(used) + offset);
    }

    /** Sets a quadword of the first that is held. */
    void quadword(int offset, long value) {
        DescriptorLayout.quadword(slots, slot(used) + offset, value);
    }

    /** The first that is held has been used. */
    void use() {
        held--;
        used++;
    }

    /** Returns how many of those used lie together, on chip and in memory. */
    int together() {
        return Math.min(Math.min(used, ON_CHIP - first), size() - index(0));
    }

    /** Returns the bytes that {@link #firstUsed} is an offset into. */
    byte[] slots() {
        return slots;
    }

    int firstUsed() {
        return slot(0);
    }

    /** The first of those used are written back: the head moves on. */
    void release(int count) {
        registers.set(head, index(count));
        first = (first + count) % ON_CHIP;
        used -= count;
    }
}
