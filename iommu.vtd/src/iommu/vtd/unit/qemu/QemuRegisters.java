// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import iommu.api.bits.RegisterFile;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.invalidation.InvalidationQueue;

/**
 * Accesses to registers where QEMU 7.2 differs from the manual: the queue address reads back as it
 * is in use, and some pairs of registers take no access of 8 bytes.
 */
public final class QemuRegisters {

    private final RegisterFile registers;
    private final InvalidationQueue queue;

    public QemuRegisters(RegisterFile registers, InvalidationQueue queue) {
        this.registers = registers;
        this.queue = queue;
    }

    /** Returns what software reads. */
    public long read(int offset, int bytes) {
        int in = offset - VtdRegisters.IQA.offset();
        if (in < 0 || in >= VtdRegisters.IQA.bytes()) {
            return registers.read(offset, bytes);
        }
        long shown = queue.addressAsQemu() >>> 8 * in;
        return bytes == 8 ? shown : shown & (1L << 8 * bytes) - 1;
    }

    /**
     * Does what a write does. One of 8 bytes whose upper half falls on a status changes its bits,
     * but QEMU looks at the offset only and does not see to the interrupt that goes with it.
     *
     * @throws IllegalArgumentException if it is one that QEMU does not survive
     */
    public void write(int offset, int bytes, long value) {
        check(offset, bytes);
        if (bytes == 8 && (offset == VtdRegisters.FSTS.offset() - 4
                || offset == VtdRegisters.ICS.offset() - 4)) {
            registers.writeUnheard(offset, bytes, value);
        } else {
            registers.write(offset, bytes, value);
        }
    }

    private static void check(int offset, int bytes) {
        boolean ends = offset == VtdRegisters.FECTL.offset()
                || offset == VtdRegisters.IECTL.offset() || offset == VtdRegisters.IEADDR.offset();
        if (ends && bytes == 8) {
            throw new IllegalArgumentException("a write of 8 bytes at 0x"
                    + Integer.toHexString(offset) + ", where QEMU takes 4");
        }
    }
}
