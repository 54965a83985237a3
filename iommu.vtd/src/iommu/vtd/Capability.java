// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** Fields of the Capability Register, CAP_REG. Source: VT-d, "Capability Register". */
public final class Capability {

    /** Number of domains: 2^(4 + 2 * ND). */
    public static final BitField ND = bits(2, 0);
    /** Advanced Fault Logging. */
    public static final BitField AFL = bit(3);
    /** Required Write-Buffer Flushing. */
    public static final BitField RWBF = bit(4);
    /** Protected Low-Memory Region. */
    public static final BitField PLMR = bit(5);
    /** Protected High-Memory Region. */
    public static final BitField PHMR = bit(6);
    /** Caching Mode: not-present and erroneous entries may be cached. */
    public static final BitField CM = bit(7);
    /** Supported Adjusted Guest Address Widths: bit 1 for 39, bit 2 for 48, bit 3 for 57 bits. */
    public static final BitField SAGAW = bits(12, 8);
    /** Maximum Guest Address Width, less 1. */
    public static final BitField MGAW = bits(21, 16);
    /** Zero Length Read. */
    public static final BitField ZLR = bit(22);
    /** Fault-recording Register Offset, in 16 bytes. */
    public static final BitField FRO = bits(33, 24);
    /** Second-stage Large Page Support: bit 0 for 2 MiB, bit 1 for 1 GiB. */
    public static final BitField SLLPS = bits(37, 34);
    /** Page Selective Invalidation. */
    public static final BitField PSI = bit(39);
    /** Number of Fault-recording Registers, less 1. */
    public static final BitField NFR = bits(47, 40);
    /** Maximum Address Mask Value of page-selective invalidations. */
    public static final BitField MAMV = bits(53, 48);
    /** Write Draining. */
    public static final BitField DWD = bit(54);
    /** Read Draining. */
    public static final BitField DRD = bit(55);
    /** First-stage 1-GByte Page Support. */
    public static final BitField FL1GP = bit(56);
    /** Posted Interrupts Support. */
    public static final BitField PI = bit(59);
    /** First-stage 5-level Paging Support. */
    public static final BitField FL5LP = bit(60);
    /** Enhanced Command Support. */
    public static final BitField ECMDS = bit(61);
    /** Enhanced Set Interrupt Remap Table Pointer Support: the command invalidates by itself. */
    public static final BitField ESIRTPS = bit(62);
    /** Enhanced Set Root Table Pointer Support: the command invalidates by itself. */
    public static final BitField ESRTPS = bit(63);

    private Capability() { }

    /** Returns the number of domain ids that a unit of capability {@code cap} has. */
    public static int domains(long cap) {
        return 1 << 4 + 2 * (int) ND.of(cap);
    }

    /** Returns the width of input addresses in bits. */
    public static int maximumGuestAddressWidth(long cap) {
        return (int) MGAW.of(cap) + 1;
    }

    /**
     * Returns whether page tables of {@code levels} levels are supported.
     *
     * @param levels 2 to 6; 3, 4 and 5 are defined
     */
    public static boolean supportsLevels(long cap, int levels) {
        return levels >= 2 && levels <= 6 && (SAGAW.of(cap) >>> levels - 2 & 1) != 0;
    }
}
