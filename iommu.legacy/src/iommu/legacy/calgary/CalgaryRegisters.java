// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Registers of one chip, which has four PCI host bridges (PHBs). All are big-endian: what a
 * processor reads has its bytes the other way round. Fields are of the registers, bit 0 lowest.
 *
 * <p>Source: Linux, pci-calgary_64.c, offsets and masks of the same names.
 */
public final class CalgaryRegisters {

    /** PHBs of a chip. */
    public static final int PHBS = 4;
    /** Bytes of the register space that holds any register known here. */
    public static final int BYTES = 0xc000;

    /** CCR, 64 bits: how long split transactions of each PHB may take. */
    public static final int CONFIG = 0x108;
    /** Lets a split transaction take two seconds. */
    public static final long TWO_SECONDS = 0xe;

    // ---- offsets within a PHB's registers, 32 bits each -----------------------------------------

    /** Channel status; any bit but those of the agent means an error. Written with 0 to clear. */
    public static final int CSR = 0x110;
    /** Status of the local bus. */
    public static final int PLSSR = 0x120;
    /** Configuration, see the fields below. */
    public static final int CONFIG_RW = 0x160;
    /** The window of peripheral memory: base, low and high, and its last address. */
    public static final int MEM_1_LOW = 0x190;
    /** See {@link #MEM_1_LOW}. */
    public static final int MEM_1_HIGH = 0x1a0;
    /** See {@link #MEM_1_LOW}; named a size. */
    public static final int MEM_1_SIZE = 0x1c0;
    /** Which agents may use the bus. */
    public static final int AER = 0x200;
    /** The second window likewise, if {@link #MEM_2_ENABLE} is set. */
    public static final int MEM_2_LOW = 0x2b0;
    /** See {@link #MEM_2_LOW}. */
    public static final int MEM_2_HIGH = 0x2c0;
    /** See {@link #MEM_2_LOW}; named a size. */
    public static final int MEM_2_SIZE_HIGH = 0x2d0;
    /** See {@link #MEM_2_LOW}; named a size. */
    public static final int MEM_2_SIZE_LOW = 0x2e0;

    // ---- of CalIOC2 only ------------------------------------------------------------------------

    /** Where errors of CalIOC2 are told besides: a mask of {@link #CSR}, and of machine checks. */
    public static final int CSMR = 0x290;
    /** See {@link #CSMR}. */
    public static final int MCK = 0x800;
    /** The first of seven error registers, 16 bytes apart. */
    public static final int FIRST_ERROR = 0x810;
    /** How many these are. */
    public static final int ERRORS = 7;
    /** Status of the root complex. */
    public static final int ROOT_COMPLEX_STATUS = 0xcb0;
    /** What became of a page migration. */
    public static final int PAGE_MIG_DEBUG = 0xda0;
    /** Stops a PHB while what it caches is dropped (PMCR). */
    public static final int PAGE_MIG_CTRL = 0xda8;
    /** Has a bit that its designers want set, {@link #SAVIOR_WANTED}. */
    public static final int SAVIOR_L2 = 0xdb0;
    /** See {@link #SAVIOR_L2}. */
    public static final int SAVIOR_WANTED = 0x0080_0000;
    /** In PAGE_MIG_CTRL: nothing new is begun; a read of the register then stops it hard. */
    public static final BitField SOFT_STOP = bit(31);
    /** In PAGE_MIG_DEBUG: that failed, and is to be begun again. */
    public static final BitField SOFT_STOP_FAULT = bit(30);
    /** In PAGE_MIG_CTRL: it stands still. */
    public static final BitField HARD_STOP = bit(29);

    /** Addresses are translated by the table. */
    public static final BitField TCE_ENABLE = bit(29);
    /** No agent gets the bus, as the kernel leaves it after an error. */
    public static final BitField SLOT_DISABLE = bits(28, 26);
    /** Addresses of more than 32 bits are refused. */
    public static final BitField DAC_DISABLE = bit(24);
    /** The second window of peripheral memory is there. */
    public static final BitField MEM_2_ENABLE = bit(22);
    /** Errors are reported as machine checks. */
    public static final BitField MCSR_ENABLE = bit(20);

    /** Who met the error; of no meaning without one. */
    public static final BitField CSR_AGENT = bits(20, 16);
    /**
     * An error of a transfer. With {@link #PLSSR_ERROR} what a machine printed whose device had met
     * one ("0x10010000@CSR 0x04000000@PLSSR"); that it is this one for a missing entry is an
     * assumption.
     */
    public static final BitField CSR_ERROR = bit(28);
    /** See {@link #CSR_ERROR}. */
    public static final BitField PLSSR_ERROR = bit(26);

    // ---- the table address register, 64 bits ----------------------------------------------------

    /** Size code, see {@link TableSize}. */
    public static final BitField TAR_SIZE = bits(2, 0);
    /** Named valid; kernels leave it 0, and are translated all the same. */
    public static final BitField TAR_VALID = bit(3);
    /** Address of the table; {@link TableSize#bytes} aligned. */
    public static final BitField TAR_BASE = bits(47, 15);
    /** All of these. */
    public static final long TAR_SOFTWARE =
            TAR_SIZE.mask() | TAR_VALID.mask() | TAR_BASE.mask();

    /** What a processor reads in the lowest byte of a split queue when nothing is under way. */
    public static final int QUEUE_IDLE = 0xff;

    private static final int FIRST_TAR = 0x580;
    private static final int FIRST_QUEUE = 0x4870;
    private static final int FIRST_STUFF = 0x4020;
    private static final int FIRST_PHB = 0x8000;
    private static final int APART = 0x1000;

    private CalgaryRegisters() { }

    /** Returns the offset of a PHB's table address register, 64 bits. */
    public static int tar(int phb) {
        return FIRST_TAR + phb * Long.BYTES;
    }

    /** Returns the offset of its split queue, 64 bits. */
    public static int splitQueue(int phb) {
        return FIRST_QUEUE + phb * APART;
    }

    /** Returns the offset of the register, 32 bits, that has its first and its last bus. */
    public static int stuff(int phb) {
        return FIRST_STUFF + phb * APART;
    }

    /** Returns the offset of one of its other registers. */
    public static int phb(int phb, int offset) {
        return FIRST_PHB + phb * APART + offset;
    }

    /** First bus of a PHB in {@link #stuff}. */
    public static final BitField FIRST_BUS = bits(23, 16);
    /** Its last bus; 0 if it has one only. */
    public static final BitField LAST_BUS = bits(15, 8);
}
