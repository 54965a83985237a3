// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static iommu.api.bits.Register.register32;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import java.util.List;

/**
 * A few of the counters that a chip keeps; reading one clears it. One thread.
 *
 * <p>Source: 82574 datasheet, "Statistics Register Descriptions".
 */
final class Statistics {

    /** Frames that found no room on chip. */
    static final Register MPC = register32("MPC", 0x4010);
    /** Good frames received: all, to everybody, to groups. */
    static final Register GPRC = register32("GPRC", 0x4074);
    static final Register BPRC = register32("BPRC", 0x4078);
    static final Register MPRC = register32("MPRC", 0x407c);
    /** Good frames transmitted. */
    static final Register GPTC = register32("GPTC", 0x4080);
    /** Bytes of them, with their check sequences; the upper half clears both. */
    static final Register GORCL = register32("GORCL", 0x4088);
    static final Register GORCH = register32("GORCH", 0x408c);
    static final Register GOTCL = register32("GOTCL", 0x4090);
    static final Register GOTCH = register32("GOTCH", 0x4094);
    /** Frames received and transmitted, good or not. */
    static final Register TPR = register32("TPR", 0x40d0);
    static final Register TPT = register32("TPT", 0x40d4);

    private static final int FIRST = 0x4000;
    private static final int END = 0x4100;
    private static final long MOST = 0xffff_ffffL;
    private static final int CHECK_SEQUENCE_BYTES = 4;

    private final RegisterFile registers;

    Statistics(RegisterFile registers) {
        this.registers = registers;
    }

    static List<Register> registers() {
        return List.of(MPC, GPRC, BPRC, MPRC, GPTC, GORCL, GORCH, GOTCL, GOTCH, TPR, TPT);
    }

    static boolean holds(int offset) {
        return offset >= FIRST && offset < END;
    }

    /** Returns a counter and clears it; the lower half of a wide one stays. */
    int take(int offset) {
        int value = (int) registers.read(offset, 4);
        if (offset == GORCH.offset()) {
            clear(GORCH, GORCL);
        } else if (offset == GOTCH.offset()) {
            clear(GOTCH, GOTCL);
        } else if (offset != GORCL.offset() && offset != GOTCL.offset()) {
            for (Register counter : registers()) {
                if (counter.offset() == offset) {
                    registers.set(counter, 0);
                }
            }
        }
        return value;
    }

    private void clear(Register high, Register low) {
        registers.set(high, 0);
        registers.set(low, 0);
    }

    void received(int destination, int bytes) {
        count(TPR);
        count(GPRC);
        if (destination == ReceiveFilter.BROADCAST) {
            count(BPRC);
        } else if (destination == ReceiveFilter.GROUP) {
            count(MPRC);
        }
        add(GORCL, GORCH, bytes + CHECK_SEQUENCE_BYTES);
    }

    void transmitted(int bytes) {
        count(TPT);
        count(GPTC);
        add(GOTCL, GOTCH, bytes + CHECK_SEQUENCE_BYTES);
    }

    void missed(long frames) {
        count(MPC, frames);
    }

    private void count(Register counter) {
        count(counter, 1);
    }

    /** Counters stay at their highest value. */
    private void count(Register counter, long frames) {
        registers.set(counter, Math.min(registers.get(counter) + frames, MOST));
    }

    private void add(Register low, Register high, int bytes) {
        long sum = registers.get(high) << 32 | registers.get(low);
        sum += bytes;
        registers.set(low, sum & 0xffff_ffffL);
        registers.set(high, sum >>> 32);
    }
}
