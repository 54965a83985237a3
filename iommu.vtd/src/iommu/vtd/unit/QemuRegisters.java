// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.RegisterFile;
import iommu.vtd.VtdRegisters;

/**
 * Accesses to registers where QEMU 7.2 differs from the manual: the queue address reads back as it
 * is in use, and some pairs of registers take no access of 8 bytes.
 */
final class QemuRegisters {

    private final RegisterFile registers;
    private final InvalidationQueue queue;

    QemuRegisters(RegisterFile registers, InvalidationQueue queue) {
        this.registers = registers;
        this.queue = queue;
    }

    /** Returns what software reads. */
    long read(int offset, int bytes) {
        int in = offset - VtdRegisters.IQA.offset();
        if (in < 0 || in >= VtdRegisters.IQA.bytes()) {
            return registers.read(offset, bytes);
        }
        long shown = queue.addressAsQemu() >>> 8 * in;
        return bytes == 8 ? shown : shown & (1L << 8 * bytes) - 1;
    }

    /**
     * Looks whether a write is one that QEMU survives.
     *
     * @throws IllegalArgumentException if it is not
     */
    void check(int offset, int bytes) {
        boolean ends = offset == VtdRegisters.FECTL.offset()
                || offset == VtdRegisters.IECTL.offset() || offset == VtdRegisters.IEADDR.offset();
        if (ends && bytes == 8) {
            throw new IllegalArgumentException("a write of 8 bytes at 0x"
                    + Integer.toHexString(offset) + ", where QEMU takes 4");
        }
    }
}
