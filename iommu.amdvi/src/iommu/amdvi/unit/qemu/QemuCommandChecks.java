// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.amdvi.Command;

/**
 * The bits of commands that QEMU takes for reserved, and what it makes of one that has some set: it
 * is done all the same, but for invalidations of device table entries, interrupt tables and IOTLBs.
 *
 * <p>Source: QEMU 11.1.3, observed; hw/i386/amd_iommu.c, {@code amdvi_cmdbuf_exec} and what it
 * calls.
 */
final class QemuCommandChecks {

    private static final long ALL = -1;
    private static final long OPERAND = bits(59, 0).mask();
    private static final long BEYOND_DEVICE = bits(59, 16).mask();
    /** By opcode. */
    private static final long[] LOW = {0, bits(59, 52).mask(), BEYOND_DEVICE,
        bits(31, 20).mask() | bits(59, 48).mask(), 0, BEYOND_DEVICE,
        bits(23, 16).mask() | bits(59, 52).mask(), bits(31, 16).mask() | bits(59, 52).mask(),
        OPERAND};
    private static final long[] HIGH = {0, 0, ALL, bits(11, 3).mask(),
        bit(1).mask() | bit(3).mask() | bits(11, 6).mask(), ALL,
        bit(1).mask() | bit(3).mask() | bits(11, 5).mask(),
        bits(1, 0).mask() | bits(31, 3).mask() | bits(63, 48).mask(), ALL};

    private QemuCommandChecks() { }

    private static int opcode(long q0) {
        return (int) Command.OPCODE.of(q0);
    }

    private static boolean isKnown(long q0) {
        return opcode(q0) > 0 && opcode(q0) < LOW.length;
    }

    /** Returns whether a command is one, and has no reserved bit set. */
    static boolean isLegal(long q0, long q1) {
        return isKnown(q0) && (q0 & LOW[opcode(q0)]) == 0 && (q1 & HIGH[opcode(q0)]) == 0;
    }

    /** Returns whether a command that is not legal does nothing. */
    static boolean isVoid(long q0) {
        return switch (opcode(q0)) {
            case Command.INVALIDATE_DEVTAB_ENTRY, Command.INVALIDATE_IOTLB_PAGES,
                    Command.INVALIDATE_INTERRUPT_TABLE -> true;
            default -> !isKnown(q0);
        };
    }
}
