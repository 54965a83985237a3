// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register64;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.List;

/**
 * The memory-mapped registers of a unit: those of tables, buffers, control and status. What control
 * and status hold is in {@link Control} and {@link Status}.
 *
 * <p>Source: 48882, "MMIO Registers".
 */
public final class AmdViRegisters {

    /** Size of the register space. */
    public static final int SPACE_BYTES = 0x4000;

    /** Bases: address of a table or buffer, 4 KiB aligned. */
    public static final BitField BASE = bits(51, 12);
    /** Device table base: size in pages of 4 KiB, less 1. */
    public static final BitField DEV_TAB_SIZE = bits(8, 0);
    /** Buffer bases: base-2 logarithm of the number of entries; 8 to 15 are defined. */
    public static final BitField LENGTH = bits(59, 56);
    /** Heads and tails: offset in the buffer, a multiple of 16. */
    public static final BitField OFFSET = bits(18, 4);
    /** Exclusion base: ExEn, the range is in force. */
    public static final BitField EX_EN = bit(0);
    /** Exclusion base: Allow, for every device; otherwise for those whose entry has EX set. */
    public static final BitField ALLOW = bit(1);

    private static final BitField ALL64 = bits(63, 0);

    /** Device Table Base Address. */
    public static final Register DEV_TAB =
            register64("DevTabBase", 0x00).readWrite(BASE, DEV_TAB_SIZE);
    /** Command Buffer Base Address. */
    public static final Register CMD_BUF =
            register64("ComBase", 0x08).reset(8L << 56).readWrite(BASE, LENGTH);
    /** Event Log Base Address. */
    public static final Register EVENT_LOG =
            register64("EventBase", 0x10).reset(8L << 56).readWrite(BASE, LENGTH);
    /** Control, see {@link Control}. */
    public static final Register CONTROL =
            register64("IommuControl", 0x18).readWrite(bits(29, 0), bits(63, 32));
    /** Exclusion Base; with SNP the base of the completion store. */
    public static final Register EXCLUSION_BASE =
            register64("ExclusionBase", 0x20).readWrite(BASE, EX_EN, ALLOW);
    /** Exclusion Limit: last page of the range; with SNP the limit of the completion store. */
    public static final Register EXCLUSION_LIMIT =
            register64("ExclusionLimit", 0x28).readWrite(BASE);
    /** Extended Feature, see {@link ExtendedFeature}. RO. */
    public static final Register EXTENDED_FEATURE = register64("IommuExtFeature", 0x30);
    /** PPR Log Base Address. */
    public static final Register PPR_LOG =
            register64("PprLogBase", 0x38).reset(8L << 56).readWrite(BASE, LENGTH);
    /** Extended Feature 2. RO. */
    public static final Register EXTENDED_FEATURE2 = register64("IommuExtFeature2", 0x1a0);
    /** Command Buffer Head: the next command to fetch. */
    public static final Register CMD_HEAD = register64("CmdHeadPtr", 0x2000).readWrite(OFFSET);
    /** Command Buffer Tail: where software puts the next command. */
    public static final Register CMD_TAIL = register64("CmdTailPtr", 0x2008).readWrite(OFFSET);
    /** Event Log Head: the next event that software reads. */
    public static final Register EVENT_HEAD = register64("EventHeadPtr", 0x2010).readWrite(OFFSET);
    /** Event Log Tail: where the unit puts the next event. */
    public static final Register EVENT_TAIL = register64("EventTailPtr", 0x2018).readWrite(OFFSET);
    /** Status, see {@link Status}. */
    public static final Register STATUS = register64("IommuStatus", 0x2020).writeOneToClear(
            Status.EVENT_OVERFLOW, Status.EVENT_LOG_INT, Status.COM_WAIT_INT, Status.PPR_OVERFLOW,
            Status.PPR_INT, Status.GA_LOG_OVERFLOW, Status.GA_LOG_INT);
    /** PPR Log Head. */
    public static final Register PPR_HEAD = register64("PprHeadPtr", 0x2030).readWrite(OFFSET);
    /** PPR Log Tail. */
    public static final Register PPR_TAIL = register64("PprTailPtr", 0x2038).readWrite(OFFSET);
    /** Guest virtual APIC log base. */
    public static final Register GA_LOG =
            register64("GaLogBase", 0xe0).reset(8L << 56).readWrite(BASE, LENGTH);
    /** Guest virtual APIC log tail address: where the tail is written. */
    public static final Register GA_LOG_TAIL_ADDRESS =
            register64("GaLogTailAddress", 0xe8).readWrite(bits(51, 3));
    /** Guest virtual APIC log head. */
    public static final Register GA_HEAD =
            register64("GaLogHeadPtr", 0x2040).readWrite(bits(15, 3));
    /** Guest virtual APIC log tail. */
    public static final Register GA_TAIL =
            register64("GaLogTailPtr", 0x2048).readWrite(bits(15, 3));
    /** Hardware event, upper part: of errors that hardware alone can have; none happens here. */
    public static final Register HARDWARE_EVENT_UPPER =
            register64("HwEventUpper", 0x40).readWrite(ALL64);
    /** Hardware event, lower part. */
    public static final Register HARDWARE_EVENT_LOWER =
            register64("HwEventLower", 0x48).readWrite(ALL64);
    /** Hardware event status: valid, overflow. */
    public static final Register HARDWARE_EVENT_STATUS =
            register64("HwEventStatus", 0x50).writeOneToClear(bits(1, 0));
    /** X2APIC destination and vector of the unit's own interrupt. */
    public static final Register XT_INTERRUPT =
            register64("XtIntControl", 0x170).readWrite(ALL64);
    /** X2APIC destination and vector of the interrupt for page requests. */
    public static final Register XT_PPR_INTERRUPT =
            register64("XtPprIntControl", 0x178).readWrite(ALL64);
    /** X2APIC destination and vector of the interrupt for the guest APIC log. */
    public static final Register XT_GA_INTERRUPT =
            register64("XtGaIntControl", 0x180).readWrite(ALL64);

    private static final List<Register> OPEN = List.of(CONTROL, EXTENDED_FEATURE, PPR_LOG,
            EXTENDED_FEATURE2, CMD_HEAD, CMD_TAIL, EVENT_HEAD, EVENT_TAIL, STATUS, PPR_HEAD,
            PPR_TAIL, GA_LOG, GA_LOG_TAIL_ADDRESS, GA_HEAD, GA_TAIL, HARDWARE_EVENT_UPPER,
            HARDWARE_EVENT_LOWER, HARDWARE_EVENT_STATUS, XT_INTERRUPT, XT_PPR_INTERRUPT,
            XT_GA_INTERRUPT);

    /**
     * The registers that software can no longer write once SNP is enforced, until SNP is shut down.
     * Source: 48882, "SNP-related register locking".
     */
    public static final List<Register> LOCKED_BY_SNP =
            List.of(DEV_TAB, CMD_BUF, EVENT_LOG, EXCLUSION_BASE, EXCLUSION_LIMIT);

    private AmdViRegisters() { }

    /** Returns the registers that stay writable under SNP, and the read-only ones. */
    public static List<Register> open() {
        return OPEN;
    }

    /** Returns the size of the device table that a base register gives, in bytes. */
    public static long deviceTableBytes(long base) {
        return DEV_TAB_SIZE.of(base) + 1 << 12;
    }

    /** Returns the size of the buffer that a base register gives, in bytes. */
    public static long bufferBytes(long base) {
        return 16L << LENGTH.of(base);
    }
}
