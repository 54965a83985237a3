// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.PasidDirectoryEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.ScalableRootEntry;

/**
 * The way from a source id to its second-stage table in scalable mode, for requests without PASID:
 * root entry, context entry, PASID directory, PASID entry of RID_PASID.
 *
 * <p>First-stage and nested translation are not modelled and answered with 5Bh. Source: VT-d,
 * "Scalable Mode Address Translation".
 */
final class ScalableContextWalk {

    private final PhysicalMemory memory;
    private final Traits traits;
    private final boolean asQemu;

    ScalableContextWalk(PhysicalMemory memory, Traits traits) {
        this.memory = memory;
        this.traits = traits;
        asQemu = traits.settings().walkAsQemu();
    }

    /**
     * Leaves stage and table of {@code source} in {@code result}, or the fault; false for a fault.
     */
    boolean locate(long rootTable, int source, WalkResult result, WalkListener listener) {
        return locateContext(rootTable, source, result, listener)
                && locatePasid(source, true, result, listener);
    }

    /**
     * Goes as far as the context entry: leaves PASID and directory in stage and table of
     * {@code result}.
     */
    boolean locateContext(long rootTable, int source, WalkResult result, WalkListener listener) {
        result.start();
        return rootEntry(rootTable, source, result, listener)
                && contextEntry(result.table, source, result, listener);
    }

    /**
     * Goes on from there.
     *
     * @param presentOnly whether a PASID entry must be present
     */
    boolean locatePasid(int source, boolean presentOnly, WalkResult result,
            WalkListener listener) {
        return directoryEntry(result, listener)
                && pasidEntry(source, presentOnly, result, listener);
    }

    private boolean rootEntry(long rootTable, int source, WalkResult result,
            WalkListener listener) {
        // 1. The root entry is indexed by the bus number; device and function choose the half.
        long at = rootTable + (long) (source >>> 8) * ScalableRootEntry.BYTES
                + ScalableRootEntry.half(source & 0xff);
        // 2. If it cannot be read, fault 38h.
        if (!memory.contains(at, 8)) {
            return result.fail(FaultReason.SM_ROOT_ACCESS);
        }
        long q = memory.read64(at);
        FaultReason fault = null;
        if (!ScalableRootEntry.P.isSet(q)) {
            // 3. If LP or UP is 0, fault 39h.
            fault = FaultReason.SM_ROOT_NOT_PRESENT;
        } else if (((q | otherHalf(at)) & (ScalableRootEntry.RESERVED.mask()
                | traits.addressReserved(63))) != 0) {
            // 4. If a reserved field is set, fault 3Ah.
            fault = FaultReason.SM_ROOT_RESERVED;
        }
        long next = ScalableRootEntry.CTP.inPlace(q);
        if (listener != WalkListener.NONE) {
            boolean lower = (source & 0x80) == 0;
            Narration.entry("scalable-mode root entry", at, q)
                    .with(lower ? "LP" : "UP", ScalableRootEntry.P)
                    .at(lower ? "LCTP" : "UCTP", ScalableRootEntry.CTP)
                    .decides(listener, decision(fault, "context table", next));
        }
        result.table = next;
        return fault == null || result.fail(fault);
    }

    /** The half of the other functions counts for QEMU only. */
    private long otherHalf(long at) {
        return asQemu ? memory.read64(at ^ 8) : 0;
    }

    private boolean contextEntry(long table, int source, WalkResult result,
            WalkListener listener) {
        // 5. The context entry is indexed by the low seven bits of device and function.
        long at = table + (long) (source & 0x7f) * ScalableContextEntry.BYTES;
        // 6. If it cannot be read, fault 40h.
        if (!memory.contains(at, ScalableContextEntry.BYTES)) {
            return result.fail(FaultReason.SM_CONTEXT_ACCESS);
        }
        long q0 = memory.read64(at);
        long q1 = memory.read64(at + 8);
        boolean upperReserved = (memory.read64(at + 16) | memory.read64(at + 24)) != 0;
        result.faultsDisabled = ScalableContextEntry.FPD.isSet(q0);
        FaultReason fault = null;
        if (!ScalableContextEntry.P.isSet(q0)) {
            // 7. If P is 0, fault 41h.
            fault = FaultReason.SM_CONTEXT_NOT_PRESENT;
        } else if (upperReserved || ScalableContextEntry.RESERVED_HIGH.isSet(q1) || (q0
                & (ScalableContextEntry.RESERVED_LOW.mask() | traits.addressReserved(63))) != 0) {
            // 8. If a reserved field is set, fault 42h.
            fault = FaultReason.SM_CONTEXT_RESERVED;
        } else if (!asQemu && ScalableContextEntry.DTE.isSet(q0) && !traits.deviceTlb()) {
            // 9. If it asks for what the unit has not, fault 43h.
            fault = FaultReason.SM_CONTEXT_INVALID;
        } else if (!asQemu && ScalableContextEntry.RID_PASID.of(q0, q1)
                >= ScalableContextEntry.pasids(q0)) {
            // 10. If RID_PASID lies beyond the directory, fault 48h.
            fault = FaultReason.SM_RID_PASID;
        }
        long next = ScalableContextEntry.PASIDDIRPTR.inPlace(q0);
        if (listener != WalkListener.NONE) {
            Narration.entry("scalable-mode context entry", at, q0, q1)
                    .with("P", ScalableContextEntry.P).with("FPD", ScalableContextEntry.FPD)
                    .with("PDTS", ScalableContextEntry.PDTS)
                    .at("PASIDDIRPTR", ScalableContextEntry.PASIDDIRPTR)
                    .with("RID_PASID", ScalableContextEntry.RID_PASID)
                    .decides(listener, decision(fault, "PASID directory", next));
        }
        result.table = next;
        result.stage = ScalableContextEntry.RID_PASID.of(q0, q1);
        return fault == null || result.fail(fault);
    }

    /** Here {@code result.stage} holds the PASID alone. */
    private boolean directoryEntry(WalkResult result, WalkListener listener) {
        // 11. The directory is indexed by PASID bits 19:6.
        long at = result.table
                + (result.stage >>> PasidDirectoryEntry.SHIFT) * PasidDirectoryEntry.BYTES;
        // 12. If it cannot be read, fault 50h.
        if (!memory.contains(at, PasidDirectoryEntry.BYTES)) {
            return result.fail(FaultReason.PASID_DIRECTORY_ACCESS);
        }
        long q = memory.read64(at);
        result.faultsDisabled |= PasidDirectoryEntry.FPD.isSet(q);
        FaultReason fault = null;
        if (!PasidDirectoryEntry.P.isSet(q)) {
            // 13. If P is 0, fault 51h.
            fault = FaultReason.PASID_DIRECTORY_NOT_PRESENT;
        } else if (!asQemu && (q & (PasidDirectoryEntry.RESERVED.mask()
                | traits.addressReserved(63))) != 0) {
            // 14. If a reserved field is set, fault 52h.
            fault = FaultReason.PASID_DIRECTORY_RESERVED;
        }
        long next = PasidDirectoryEntry.SMPTBLPTR.inPlace(q);
        if (listener != WalkListener.NONE) {
            Narration.entry("PASID directory entry", at, q).with("P", PasidDirectoryEntry.P)
                    .with("FPD", PasidDirectoryEntry.FPD)
                    .at("SMPTBLPTR", PasidDirectoryEntry.SMPTBLPTR)
                    .decides(listener, decision(fault, "PASID table", next));
        }
        result.table = next;
        return fault == null || result.fail(fault);
    }

    private boolean pasidEntry(int source, boolean presentOnly, WalkResult result,
            WalkListener listener) {
        // 15. The PASID table is indexed by PASID bits 5:0.
        long pasid = result.stage;
        long at = result.table + (pasid & 0x3f) * PasidEntry.BYTES;
        // 16. If it cannot be read, fault 58h.
        if (!memory.contains(at, PasidEntry.BYTES)) {
            return result.fail(FaultReason.PASID_ACCESS);
        }
        long q0 = memory.read64(at);
        long q1 = memory.read64(at + 8);
        result.faultsDisabled |= PasidEntry.FPD.isSet(q0);
        FaultReason fault = checkPasid(presentOnly ? q0 : q0 | PasidEntry.P.mask());
        boolean passes = PasidEntry.PGTT.of(q0) == PasidEntry.PGTT_PASS_THROUGH
                && (presentOnly || PasidEntry.P.isSet(q0));
        if (listener != WalkListener.NONE) {
            Narration.entry("PASID entry", at, q0, q1).with("P", PasidEntry.P)
                    .with("FPD", PasidEntry.FPD).with("AW", PasidEntry.AW)
                    .with("PGTT", PasidEntry.PGTT).at("SSPTPTR", PasidEntry.SSPTPTR)
                    .with("DID", PasidEntry.DID)
                    .decides(listener, fault == null && passes ? "present, requests pass through"
                            : decision(fault, "second-stage table",
                                    PasidEntry.SSPTPTR.inPlace(q0)));
        }
        if (fault != null) {
            return result.fail(fault);
        }
        int levels = passes ? 0 : traits.levels(PasidEntry.AW.of(q0));
        int width = passes ? traits.guestWidth() : traits.inputWidth(levels);
        result.stage = Stage.of(source, PasidEntry.DID.of(q0, q1), pasid, levels, width)
                | Stage.SCALABLE.mask()
                | (result.faultsDisabled ? Stage.FAULTS_DISABLED.mask() : 0);
        result.table = passes ? 0 : PasidEntry.SSPTPTR.inPlace(q0);
        return true;
    }

    private FaultReason checkPasid(long q0) {
        if (!PasidEntry.P.isSet(q0)) {
            // 17. If P is 0, fault 59h.
            return FaultReason.PASID_NOT_PRESENT;
        }
        if (!asQemu && (PasidEntry.RESERVED_LOW.isSet(q0)
                || (q0 & traits.addressReserved(63)) != 0)) {
            // 18. If a reserved field is set, fault 5Ah.
            return FaultReason.PASID_RESERVED;
        }
        // 19. If translation type or width are not supported, fault 5Bh. First stage and nested
        // too.
        boolean width = traits.levels(PasidEntry.AW.of(q0)) != 0;
        boolean known = switch ((int) PasidEntry.PGTT.of(q0)) {
            case PasidEntry.PGTT_SECOND_STAGE -> width;
            case PasidEntry.PGTT_PASS_THROUGH -> traits.passThrough() && (width || !asQemu);
            case PasidEntry.PGTT_FIRST_STAGE, PasidEntry.PGTT_NESTED -> asQemu && width;
            default -> false;
        };
        return known ? null : FaultReason.PASID_INVALID;
    }

    private static String decision(FaultReason fault, String next, long at) {
        return fault != null ? fault.text() : "present, " + next + " at " + Narration.hex(at);
    }
}
