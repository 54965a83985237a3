// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.PasidDirectoryEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.ScalableRootEntry;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.SourceCapabilities;
import iommu.vtd.unit.requests.WalkResult;

/**
 * The way from a source id and a PASID to page tables in scalable mode: root entry, context entry,
 * PASID directory, PASID entry. Source: VT-d, "Scalable Mode Address Translation".
 */
public final class ScalableContextWalk {

    /** Versions of QEMU that changed something. */
    private static final int NEWER = 10;
    private static final int ZERO_PASID = 11;

    private final TableReader tables;
    private final UnitCapabilities unit;
    private final ContextEntryFormatter formatter;
    private final boolean asQemu;
    /** QEMU of a version that tells types of PASID entries apart. */
    private final boolean asNewerQemu;
    /** QEMU of a version for which requests have PASID 0, whatever RID_PASID says. */
    private final boolean zeroPasid;

    ScalableContextWalk(TableReader tables, UnitCapabilities unit) {
        this.tables = tables;
        this.unit = unit;
        formatter = new ContextEntryFormatter(unit);
        asQemu = unit.settings().walkAsQemu();
        asNewerQemu = unit.walksAsQemu(NEWER);
        zeroPasid = unit.walksAsQemu(ZERO_PASID);
    }

    /**
     * Goes as far as the context entry: leaves the tag, with RID_PASID, directory and {@link
     * SourceCapabilities} in {@code result}, or the fault; false for a fault.
     */
    public boolean locateContext(long rootTable, int source, WalkResult result,
            WalkListener listener) {
        result.start();
        return rootEntry(rootTable, source, result, listener)
                && contextEntry(result.table, source, result, listener);
    }

    /**
     * Chooses the PASID of a request whose context is in {@code result}: its own, or RID_PASID.
     *
     * @param pasid of the request, or {@link Request#NO_PASID}
     * @return whether it may have it; otherwise the fault is in {@code result}
     */
    public boolean choosePasid(int pasid, WalkResult result) {
        long pasids = SourceCapabilities.pasids(result.source);
        if (pasid == Request.NO_PASID) {
            // 10. If RID_PASID lies beyond the directory, fault 48h.
            return asQemu || ContextTag.PASID.of(result.context) < pasids
                    || result.fail(FaultReason.SM_RID_PASID, false);
        }
        // 10a. A request with PASID needs PASIDE, else fault 45h; a PASID beyond the directory, or
        // wider than the unit's, is fault 46h.
        if (!SourceCapabilities.PASIDE.isSet(result.source)) {
            return result.fail(FaultReason.SM_PASID_DISABLED, false);
        }
        if (pasid >= pasids || pasid >>> unit.pasidWidth() != 0) {
            return result.fail(FaultReason.SM_PASID_TOO_LARGE, false);
        }
        result.context = ContextTag.PASID.with(result.context, pasid);
        return true;
    }

    /**
     * Goes on from context and chosen PASID in {@code result} to the PASID entry.
     *
     * @param presentOnly whether a PASID entry must be present
     */
    public boolean locatePasid(boolean presentOnly, WalkResult result, WalkListener listener) {
        result.erroneous = true;
        boolean disabled = ContextTag.FAULTS_DISABLED.isSet(result.context);
        if (directoryEntry(result, listener) && pasidEntry(presentOnly, result, listener)) {
            return true;
        }
        // newer QEMUs look at FPD of what is below the context once it is known to be right
        result.faultsDisabled &= disabled || !asNewerQemu;
        return false;
    }

    private boolean rootEntry(long rootTable, int source, WalkResult result,
            WalkListener listener) {
        // 1. The root entry is indexed by the bus number; device and function choose the half.
        long at = rootTable + (long) (source >>> 8) * ScalableRootEntry.BYTES
                + ScalableRootEntry.half(source & 0xff);
        // 2. If it cannot be read, fault 38h.
        if (!tables.contains(at, 8)) {
            return result.fail(EntryFormatter.unreadable(listener,
                    ContextEntryFormatter.SCALABLE_ROOT, at, FaultReason.SM_ROOT_ACCESS));
        }
        long q = tables.read64(at);
        FaultReason fault = null;
        if (!ScalableRootEntry.P.isSet(q)) {
            // 3. If LP or UP is 0, fault 39h.
            fault = FaultReason.SM_ROOT_NOT_PRESENT;
        } else if (((q | otherHalf(at)) & (ScalableRootEntry.RESERVED.mask()
                | unit.addressReserved(63))) != 0) {
            // 4. If a reserved field is set, fault 3Ah.
            fault = FaultReason.SM_ROOT_RESERVED;
        }
        long next = ScalableRootEntry.CTP.inPlace(q);
        if (listener != WalkListener.NONE) {
            formatter.scalableRoot(at, q, otherHalf(at), (source & 0x80) == 0, fault, listener);
        }
        result.table = next;
        return fault == null || result.fail(fault);
    }

    /** The half of the other functions counts for QEMU only. */
    private long otherHalf(long at) {
        return asQemu ? tables.read64(at ^ 8) : 0;
    }

    private boolean contextEntry(long table, int source, WalkResult result,
            WalkListener listener) {
        // 5. The context entry is indexed by the low seven bits of device and function.
        long at = table + (long) (source & 0x7f) * ScalableContextEntry.BYTES;
        // 6. If it cannot be read, fault 40h.
        if (!tables.contains(at, ScalableContextEntry.BYTES)) {
            return result.fail(EntryFormatter.unreadable(listener,
                    ContextEntryFormatter.SCALABLE_CONTEXT, at, FaultReason.SM_CONTEXT_ACCESS));
        }
        long q0 = tables.read64(at);
        long q1 = tables.read64(at + 8);
        long q2 = tables.read64(at + 16);
        long q3 = tables.read64(at + 24);
        result.faultsDisabled = ScalableContextEntry.FPD.isSet(q0);
        FaultReason fault = null;
        if (!ScalableContextEntry.P.isSet(q0)) {
            // 7. If P is 0, fault 41h.
            fault = FaultReason.SM_CONTEXT_NOT_PRESENT;
        } else if ((q2 | q3) != 0 || ScalableContextEntry.RESERVED_HIGH.isSet(q1) || (q0
                & (ScalableContextEntry.RESERVED_LOW.mask() | unit.addressReserved(63))) != 0) {
            // 8. If a reserved field is set, fault 42h.
            fault = FaultReason.SM_CONTEXT_RESERVED;
        } else if (!asQemu && asksTooMuch(q0)) {
            // 9. If it asks for what the unit has not, fault 43h.
            fault = FaultReason.SM_CONTEXT_INVALID;
        }
        long next = ScalableContextEntry.PASIDDIRPTR.inPlace(q0);
        if (listener != WalkListener.NONE) {
            formatter.scalableContext(at, fault, listener, q0, q1, q2, q3);
        }
        if (fault != null) {
            return result.fail(fault);
        }
        result.table = next;
        result.source = SourceCapabilities.ofScalable(q0, q1);
        long ridPasid = zeroPasid ? 0 : ScalableContextEntry.RID_PASID.of(q0, q1);
        result.context = ContextTag.of(source, 0, ridPasid, 0, 1)
                | ContextTag.SCALABLE.mask() | faultsDisabled(result);
        return true;
    }

    private boolean asksTooMuch(long q0) {
        return ScalableContextEntry.DTE.isSet(q0) && !unit.deviceTlb()
                || ScalableContextEntry.PASIDE.isSet(q0) && !unit.pasids()
                || ScalableContextEntry.PRE.isSet(q0) && !unit.pageRequests();
    }

    private static long faultsDisabled(WalkResult result) {
        return result.faultsDisabled ? ContextTag.FAULTS_DISABLED.mask() : 0;
    }

    private boolean directoryEntry(WalkResult result, WalkListener listener) {
        // 11. The directory is indexed by PASID bits 19:6.
        long at = result.table + (ContextTag.PASID.of(result.context) >>> PasidDirectoryEntry.SHIFT)
                * PasidDirectoryEntry.BYTES;
        // 12. If it cannot be read, fault 50h.
        if (!tables.contains(at, PasidDirectoryEntry.BYTES)) {
            return result.fail(EntryFormatter.unreadable(listener, ContextEntryFormatter.DIRECTORY,
                    at, FaultReason.PASID_DIRECTORY_ACCESS));
        }
        long q = tables.read64(at);
        result.faultsDisabled |= PasidDirectoryEntry.FPD.isSet(q);
        FaultReason fault = null;
        if (!PasidDirectoryEntry.P.isSet(q)) {
            // 13. If P is 0, fault 51h.
            fault = FaultReason.PASID_DIRECTORY_NOT_PRESENT;
        } else if (!asQemu && (q & (PasidDirectoryEntry.RESERVED.mask()
                | unit.addressReserved(63))) != 0) {
            // 14. If a reserved field is set, fault 52h.
            fault = FaultReason.PASID_DIRECTORY_RESERVED;
        }
        long next = PasidDirectoryEntry.SMPTBLPTR.inPlace(q);
        if (listener != WalkListener.NONE) {
            formatter.directory(at, q, fault, listener);
        }
        result.table = next;
        return fault == null || result.fail(fault);
    }

    private boolean pasidEntry(boolean presentOnly, WalkResult result, WalkListener listener) {
        // 15. The PASID table is indexed by PASID bits 5:0.
        long pasid = ContextTag.PASID.of(result.context);
        long at = result.table + (pasid & 0x3f) * PasidEntry.BYTES;
        // 16. If it cannot be read, fault 58h.
        if (!tables.contains(at, PasidEntry.BYTES)) {
            return result.fail(EntryFormatter.unreadable(listener, ContextEntryFormatter.PASID,
                    at, FaultReason.PASID_ACCESS));
        }
        long q0 = tables.read64(at);
        long q1 = tables.read64(at + 8);
        long q2 = tables.read64(at + 16);
        result.faultsDisabled |= PasidEntry.FPD.isSet(q0);
        FaultReason fault = checkPasid(presentOnly ? q0 : q0 | PasidEntry.P.mask(), q2);
        boolean passes = PasidEntry.PGTT.of(q0) == PasidEntry.PGTT_PASS_THROUGH
                && (presentOnly || PasidEntry.P.isSet(q0));
        if (listener != WalkListener.NONE) {
            formatter.pasid(at, fault, passes, unit, listener, q0, q1, q2, tables.read64(at + 24),
                    tables.read64(at + 32), tables.read64(at + 40), tables.read64(at + 48),
                    tables.read64(at + 56));
        }
        if (fault != null) {
            return result.fail(fault);
        }
        boolean first = asNewerQemu ? !passes && unit.firstStage()
                : !asQemu && PasidEntry.PGTT.of(q0) == PasidEntry.PGTT_FIRST_STAGE;
        result.paging = !asQemu ? PagingMode.of(q0, q1, q2, unit.scalableWalksSnoop())
                : first ? PagingMode.ofQemu(q2) : 0;
        boolean second = !passes && !first;
        int levels = second ? unit.levels(PasidEntry.AW.of(q0)) : 0;
        int width = second ? unit.inputWidth(levels) : passes ? unit.guestWidth()
                : asQemu ? unit.qemuFirstStageWidth(PasidEntry.AW.of(q0)) : 64;
        int source = (int) ContextTag.SOURCE.of(result.context);
        result.context = ContextTag.of(source, PasidEntry.DID.of(q0, q1), pasid, levels, width)
                | ContextTag.SCALABLE.mask() | faultsDisabled(result);
        result.table = second ? PasidEntry.SSPTPTR.inPlace(q0) : 0;
        return true;
    }

    private FaultReason checkPasid(long q0, long q2) {
        boolean present = PasidEntry.P.isSet(q0);
        if (!present && !asNewerQemu) {
            // 17. If P is 0, fault 59h; newer QEMUs look at the type first.
            return FaultReason.PASID_NOT_PRESENT;
        }
        int type = (int) PasidEntry.PGTT.of(q0);
        boolean first = type == PasidEntry.PGTT_FIRST_STAGE || type == PasidEntry.PGTT_NESTED;
        if (!asQemu && (malformed(q0) || first && malformedFirst(q2))) {
            // 18. If a reserved field is set, fault 5Ah.
            return FaultReason.PASID_RESERVED;
        }
        // 19. If translation type, width or mode are not supported, fault 5Bh.
        boolean width = unit.levels(PasidEntry.AW.of(q0)) != 0;
        boolean mode = unit.firstStageLevels((int) PasidEntry.FSPM.of(q2));
        boolean known = switch (type) {
            case PasidEntry.PGTT_SECOND_STAGE -> width && (!asNewerQemu || unit.secondStage());
            case PasidEntry.PGTT_PASS_THROUGH ->
                unit.passThrough() && (width || !asQemu || asNewerQemu);
            case PasidEntry.PGTT_FIRST_STAGE -> asQemu && !asNewerQemu ? width
                    : mode && unit.firstStage();
            case PasidEntry.PGTT_NESTED -> asQemu ? width && !asNewerQemu
                    : mode && width && unit.nested();
            default -> false;
        };
        return !known ? FaultReason.PASID_INVALID
                : present ? null : FaultReason.PASID_NOT_PRESENT;
    }

    private boolean malformed(long q0) {
        return PasidEntry.RESERVED_LOW.isSet(q0) || (q0 & unit.addressReserved(63)) != 0
                || PasidEntry.SSADE.isSet(q0) && !unit.secondStageAccessed();
    }

    private boolean malformedFirst(long q2) {
        return PasidEntry.RESERVED_THIRD.isSet(q2) || (q2 & unit.addressReserved(63)) != 0
                || PasidEntry.EAFE.isSet(q2) && !unit.extendedAccessed();
    }
}
