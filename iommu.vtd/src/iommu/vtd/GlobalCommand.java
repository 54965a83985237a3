// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;

/**
 * Fields of GCMD_REG and, in the same places, of GSTS_REG. Software changes one field per write and
 * writes the persistent ones back as the status shows them.
 *
 * <p>Source: VT-d, "Global Command Register" and "Global Status Register".
 */
public final class GlobalCommand {

    /** Translation Enable. */
    public static final BitField TE = bit(31);
    /** Set Root Table Pointer; one-shot. Status: RTPS. */
    public static final BitField SRTP = bit(30);
    /** Set Fault Log; one-shot. */
    public static final BitField SFL = bit(29);
    /** Enable Advanced Fault Logging. */
    public static final BitField EAFL = bit(28);
    /** Write Buffer Flush; one-shot. */
    public static final BitField WBF = bit(27);
    /** Queued Invalidation Enable. */
    public static final BitField QIE = bit(26);
    /** Interrupt Remapping Enable. */
    public static final BitField IRE = bit(25);
    /** Set Interrupt Remap Table Pointer; one-shot. Status: IRTPS. */
    public static final BitField SIRTP = bit(24);
    /** Compatibility Format Interrupt. */
    public static final BitField CFI = bit(23);

    /** The commands that act once; all other bits persist. */
    public static final long ONE_SHOT = SRTP.mask() | SFL.mask() | WBF.mask() | SIRTP.mask();

    private GlobalCommand() { }
}
