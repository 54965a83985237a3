// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Entry of the device table, 256 bits, indexed by the 16 bits of the requester id.
 *
 * <p>Source: 48882, "Device Table Entry Format".
 */
public final class DeviceTableEntry {

    /** Size of an entry. */
    public static final int BYTES = 32;
    /** Valid: without it requests are forwarded unchanged. */
    public static final BitField V = bit(0);
    /** Translation Information Valid. */
    public static final BitField TV = bit(1);
    /** Reserved. */
    public static final BitField RESERVED_LOW = bits(6, 2);
    /** Host Access and Dirty. */
    public static final BitField HAD = bits(8, 7);
    /** Paging Mode: levels of the page table; 0 for none, 7 is reserved. */
    public static final BitField MODE = bits(11, 9);
    /** Host Page Table Root Pointer. */
    public static final BitField PT_ROOT = bits(51, 12);
    /** Peripheral Page Request Enable. */
    public static final BitField PPR = bit(52);
    /** Guest PPR with PASID. */
    public static final BitField GPRP = bit(53);
    /** Guest I/O Protection Valid. */
    public static final BitField GIOV = bit(54);
    /** Guest Translation Valid. */
    public static final BitField GV = bit(55);
    /** Guest Levels Translated. */
    public static final BitField GLX = bits(57, 56);
    /** GCR3 table root, bits 14:12 of the address. */
    public static final BitField GCR3_14_12 = bits(60, 58);
    /** I/O Read Permission. */
    public static final BitField IR = bit(61);
    /** I/O Write Permission. */
    public static final BitField IW = bit(62);
    /** Reserved. */
    public static final BitField RESERVED_63 = bit(63);
    /** Domain ID. */
    public static final BitField DOMAIN_ID = bits(79, 64);
    /** GCR3 table root, bits 30:15 of the address. */
    public static final BitField GCR3_30_15 = bits(95, 80);
    /** I: the device may have an IOTLB (ATS). */
    public static final BitField I = bit(96);
    /** SE: of the faults of a cached entry only the first is logged. */
    public static final BitField SE = bit(97);
    /** SA: no fault is logged. */
    public static final BitField SA = bit(98);
    /** Port I/O Control. */
    public static final BitField IO_CTL = bits(100, 99);
    /** Cache: a hint for the device's IOTLB. */
    public static final BitField CACHE = bit(101);
    /** SD: snooping is disabled when tables are read. */
    public static final BitField SD = bit(102);
    /** EX: the exclusion range applies. */
    public static final BitField EX = bit(103);
    /** System Management Message Enable. */
    public static final BitField SYS_MGT = bits(105, 104);
    /** GCR3 table root, bits 51:31 of the address. */
    public static final BitField GCR3_51_31 = bits(127, 107);
    /** Interrupt Map Valid: without it messages are forwarded unchanged. */
    public static final BitField IV = bit(128);
    /** Interrupt Table Length: base-2 logarithm of the entries. */
    public static final BitField INT_TAB_LEN = bits(132, 129);
    /** Ignore Unmapped Interrupts: they are not logged. */
    public static final BitField IG = bit(133);
    /** Interrupt Table Root Pointer, 64 bytes aligned. */
    public static final BitField INT_ROOT = bits(179, 134);
    /** Reserved in all revisions of the manual. */
    public static final BitField RESERVED_INTERRUPTS = bits(181, 180);
    /** INIT Pass-through. */
    public static final BitField INIT_PASS = bit(184);
    /** ExtInt Pass-through. */
    public static final BitField E_INT_PASS = bit(185);
    /** NMI Pass-through. */
    public static final BitField NMI_PASS = bit(186);
    /** Interrupt Control: what happens to fixed and arbitrated messages. */
    public static final BitField INT_CTL = bits(189, 188);
    /** LINT0 Pass-through. */
    public static final BitField LINT0_PASS = bit(190);
    /** LINT1 Pass-through. */
    public static final BitField LINT1_PASS = bit(191);
    /** Attribute override valid. */
    public static final BitField ATTR_V = bit(246);
    /** Forced coherency in mode 0. */
    public static final BitField MODE0_FC = bit(247);
    /** Snoop attributes. */
    public static final BitField SNOOP_ATTRIBUTE = bits(255, 248);

    /** INT_CTL: messages are target aborted. */
    public static final int INT_ABORT = 0;
    /** INT_CTL: messages are forwarded unchanged. */
    public static final int INT_FORWARD = 1;
    /** INT_CTL: messages are remapped. */
    public static final int INT_REMAP = 2;
    /** MODE: the one value that is reserved. */
    public static final int MODE_RESERVED = 7;
    /** Most entries of an interrupt table, as a logarithm. */
    public static final int MAX_INT_TAB_LEN = 11;

    private DeviceTableEntry() { }

    /** Returns the address of the GCR3 table, whose bits lie in three places. */
    public static long gcr3Root(long q0, long q1) {
        return GCR3_14_12.of(q0) << 12 | GCR3_30_15.of(q1) << 15 | GCR3_51_31.of(q1) << 31;
    }

    /** Returns the low quadword with bits 14:12 of a GCR3 table's address in it. */
    public static long withGcr3Low(long q0, long root) {
        return GCR3_14_12.with(q0, root >>> 12 & 7);
    }

    /** Returns the second quadword with bits 51:15 of a GCR3 table's address in it. */
    public static long withGcr3High(long q1, long root) {
        return GCR3_51_31.with(GCR3_30_15.with(q1, root >>> 15 & 0xffff), root >>> 31 & 0x1f_ffff);
    }

    /** Returns the number of bytes of a table of interrupt entries, {@code bytes} each. */
    public static long interruptTableBytes(long q2, int bytes) {
        return (long) bytes << INT_TAB_LEN.of(q2);
    }
}
