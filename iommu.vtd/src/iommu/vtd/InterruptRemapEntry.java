// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Interrupt remapping table entry (IRTE), 128 bits, remapped and posted format.
 *
 * <p>Source: VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts" and "... for
 * Posted Interrupts".
 */
public final class InterruptRemapEntry {

    /** Bytes of an entry. */
    public static final int BYTES = 16;

    /** Present. */
    public static final BitField P = bit(0);
    /** Fault Processing Disable. */
    public static final BitField FPD = bit(1);
    /** Destination Mode: 1 logical. */
    public static final BitField DM = bit(2);
    /** Redirection Hint. */
    public static final BitField RH = bit(3);
    /** Trigger Mode: 1 level. */
    public static final BitField TM = bit(4);
    /** Delivery Mode. */
    public static final BitField DLM = bits(7, 5);
    /** IRTE Mode: 1 posted. */
    public static final BitField IM = bit(15);
    /** Vector; of the posted format: virtual vector. */
    public static final BitField V = bits(23, 16);
    /** Destination id in x2APIC mode. */
    public static final BitField DST = bits(63, 32);
    /** Destination id in xAPIC mode. */
    public static final BitField DST_XAPIC = bits(47, 40);
    /** Source id. */
    public static final BitField SID = bits(79, 64);
    /** Source-id Qualifier. */
    public static final BitField SQ = bits(81, 80);
    /** Source Validation Type. */
    public static final BitField SVT = bits(83, 82);

    /** Posted format: Urgent. */
    public static final BitField URG = bit(14);
    /** Posted format: descriptor address, bits 31:6. */
    public static final BitField PDA_LOW = bits(63, 38);
    /** Posted format: descriptor address, bits 63:32. */
    public static final BitField PDA_HIGH = bits(127, 96);

    /** Remapped format, low half: reserved bits. */
    public static final long RESERVED_LOW = bits(14, 12).mask() | bits(31, 24).mask();
    /** Remapped format in xAPIC mode, low half: reserved bits of the destination. */
    public static final long RESERVED_XAPIC = DST.mask() & ~DST_XAPIC.mask();
    /** Remapped format, high half: reserved bits. */
    public static final long RESERVED_HIGH = bits(127, 84).mask();
    /** Posted format, low half: reserved bits. */
    public static final long POSTED_RESERVED_LOW =
            bits(7, 2).mask() | bits(13, 12).mask() | bits(37, 24).mask();
    /** Posted format, high half: reserved bits. */
    public static final long POSTED_RESERVED_HIGH = bits(95, 84).mask();

    private InterruptRemapEntry() { }

    /** Returns the address of the posted-interrupt descriptor. */
    public static long descriptor(long q0, long q1) {
        return PDA_HIGH.of(q1) << 32 | PDA_LOW.of(q0) << 6;
    }
}
