// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.List;

/**
 * Registers, entries and commands, of which what is here is a part. Registers of the ring are those
 * of the blitter.
 *
 * <p>Source: Programmer's Reference Manual, "MMIO", "Command Reference: Instructions", "Display
 * Registers"; Linux, i915_reg.h, intel_gpu_commands.h.
 */
final class GraphicsLayout {

    /** Registers in the lower part of BAR 0, the table of translations from here on. */
    static final int BAR_BYTES = 16 << 20;
    static final int TABLE_AT = 8 << 20;

    private static final int BLOCK_BYTES = 4096;
    /** Blocks of registers of which any are here; a file holds them one behind the other. */
    private static final List<Integer> BLOCKS = List.of(0x9000, 0x2_2000, 0x6_0000, 0x7_0000);
    static final int REGISTER_BYTES = BLOCK_BYTES * 4;

    /** Reset of the engines; the display is none. */
    static final BitField FULL_RESET = bit(0);
    static final Register GDRST = Register.register32("GDRST", held(0x941c)).readWrite(FULL_RESET);

    static final BitField TAIL = bits(20, 3);
    static final BitField HEAD = bits(20, 2);
    static final Register RING_TAIL = Register.register32("RING_TAIL", held(0x2_2030))
            .readWrite(TAIL);
    static final Register RING_HEAD = Register.register32("RING_HEAD", held(0x2_2034))
            .readWrite(HEAD);
    static final BitField START = bits(31, 12);
    static final Register RING_START = Register.register32("RING_START", held(0x2_2038))
            .readWrite(START);
    static final BitField RING_ENABLE = bit(0);
    /** Pages of the ring, less one. */
    static final BitField RING_PAGES = bits(20, 12);
    static final Register RING_CTL = Register.register32("RING_CTL", held(0x2_203c))
            .readWrite(RING_ENABLE, RING_PAGES);

    /** Lines and pixels, less one each. */
    static final BitField LINES = bits(11, 0);
    static final BitField PIXELS = bits(27, 16);
    static final Register PIPEASRC = Register.register32("PIPEASRC", held(0x6_001c))
            .readWrite(LINES, PIXELS);
    static final BitField ENABLE = bit(31);
    static final BitField STATE = bit(30);  // RO
    static final Register PIPEACONF = Register.register32("PIPEACONF", held(0x7_0008))
            .readWrite(ENABLE);
    /** Data came too late, or not at all. */
    static final BitField UNDERRUN = bit(31);
    static final Register PIPEASTAT = Register.register32("PIPEASTAT", held(0x7_0024))
            .writeOneToClear(UNDERRUN);
    static final Register DSPACNTR = Register.register32("DSPACNTR", held(0x7_0180))
            .readWrite(ENABLE);
    /** Bytes of a line. */
    static final BitField STRIDE = bits(15, 6);
    static final Register DSPASTRIDE = Register.register32("DSPASTRIDE", held(0x7_0188))
            .readWrite(STRIDE);
    /** Where the surface begins, a graphics address. */
    static final BitField SURFACE = bits(31, 12);
    static final Register DSPASURF = Register.register32("DSPASURF", held(0x7_019c))
            .readWrite(SURFACE);

    /** Entry of the table of translations. */
    static final int ENTRY_BYTES = 8;
    static final BitField VALID = bit(0);
    static final BitField ADDRESS = bits(38, 12);

    /** Client and instruction. */
    static final BitField OPCODE = bits(31, 22);
    /** Dwords of a command, less two, where it has a length. */
    static final BitField LENGTH = bits(5, 0);
    static final int MI_NOOP = 0;
    static final int MI_FLUSH_DW = 0x26 << 1;
    /** Of MI_FLUSH_DW: a quadword is written when all before is done. */
    static final BitField WRITES = bits(15, 14);
    /** Client 2, instruction 53h. */
    static final int XY_SRC_COPY_BLT = 2 << 7 | 0x53;
    static final int FLUSH_DWORDS = 5;
    static final int COPY_DWORDS = 10;

    private GraphicsLayout() { }

    /** Returns where what BAR 0 has at an offset is held; -1 where there is no register. */
    static int held(long offset) {
        int block = BLOCKS.indexOf((int) (offset & -BLOCK_BYTES));
        return block < 0 ? -1 : block * BLOCK_BYTES + (int) (offset & BLOCK_BYTES - 1);
    }

    /** Returns where BAR 0 has a register. */
    static long offset(Register register) {
        return BLOCKS.get(register.offset() / BLOCK_BYTES) + register.offset() % BLOCK_BYTES;
    }

    static List<Register> registers() {
        return List.of(GDRST, RING_TAIL, RING_HEAD, RING_START, RING_CTL, PIPEASRC, PIPEACONF,
                PIPEASTAT, DSPACNTR, DSPASTRIDE, DSPASURF);
    }
}
