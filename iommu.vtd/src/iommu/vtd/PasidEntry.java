// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** PASID-table entry, 512 bits. Source: VT-d, "Scalable-Mode PASID Table Entry". */
public final class PasidEntry {

    /** Size of an entry: 64 of them in a page. */
    public static final int BYTES = 64;
    /** Present. */
    public static final BitField P = bit(0);
    /** Fault Processing Disable. */
    public static final BitField FPD = bit(1);
    /** Address Width of the second stage. */
    public static final BitField AW = bits(4, 2);
    /** PASID Granular Translation Type. */
    public static final BitField PGTT = bits(8, 6);
    /** Second-stage Access/Dirty Enable; without ECAP.SLADS reserved. */
    public static final BitField SSADE = bit(9);
    /** Reserved, low part. */
    public static final BitField RESERVED_LOW = bits(11, 10);
    /** Second-stage Page-table Pointer, 4 KiB aligned. */
    public static final BitField SSPTPTR = bits(63, 12);
    /** Domain Identifier. */
    public static final BitField DID = bits(79, 64);
    /** Page-walk Snoop. */
    public static final BitField PWSNP = bit(87);
    /** Page Snoop. */
    public static final BitField PGSNP = bit(88);
    /** Supervisor Request Enable. */
    public static final BitField SRE = bit(128);
    /** Execute Request Enable. */
    public static final BitField ERE = bit(129);
    /** First-stage Paging Mode: 0 for four levels, 1 for five. */
    public static final BitField FSPM = bits(131, 130);
    /** Write Protect Enable: supervisor requests, too, need RW to write. */
    public static final BitField WPE = bit(132);
    /** No-execute Enable. */
    public static final BitField NXE = bit(133);
    /** Supervisor Mode Execute Prevention. */
    public static final BitField SMEP = bit(134);
    /** Extended Accessed Flag Enable; without ECAP.EAFS reserved. */
    public static final BitField EAFE = bit(135);
    /** Reserved, third quadword. */
    public static final BitField RESERVED_THIRD = bits(139, 136);
    /** First-stage Page-table Pointer, 4 KiB aligned. */
    public static final BitField FSPTPTR = bits(191, 140);

    /** FSPM: five levels. */
    public static final int FIVE_LEVELS = 1;
    /** PGTT: first stage only. */
    public static final int PGTT_FIRST_STAGE = 1;
    /** PGTT: second stage only. */
    public static final int PGTT_SECOND_STAGE = 2;
    /** PGTT: nested. */
    public static final int PGTT_NESTED = 3;
    /** PGTT: pass-through. */
    public static final int PGTT_PASS_THROUGH = 4;

    private PasidEntry() { }
}
