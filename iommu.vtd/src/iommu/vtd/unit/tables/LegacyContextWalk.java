// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.unit.WalkListener;
import iommu.vtd.ContextEntry;
import iommu.vtd.FaultReason;
import iommu.vtd.RootEntry;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.SourceCapabilities;
import iommu.vtd.unit.requests.WalkResult;

/**
 * The way from a source id to its second-stage table in legacy mode: root entry, context entry.
 *
 * <p>FPD of a context entry counts even if the entry is not present. Source: VT-d, "Legacy Mode
 * Address Translation" and "Context Entry".
 */
public final class LegacyContextWalk {

    private final TableReader tables;
    private final UnitCapabilities unit;
    private final ContextEntryFormatter formatter;

    LegacyContextWalk(TableReader tables, UnitCapabilities unit) {
        this.tables = tables;
        this.unit = unit;
        formatter = new ContextEntryFormatter(unit);
    }

    /**
     * Leaves context tag and table of {@code source} in {@code result}, or the fault; false for a
     * fault.
     */
    public boolean locate(long rootTable, int source, WalkResult result, WalkListener listener) {
        result.start();
        return rootEntry(rootTable, source, result, listener)
                && contextEntry(result.table, source, result, listener);
    }

    private boolean rootEntry(long rootTable, int source, WalkResult result,
            WalkListener listener) {
        // 1. The root entry is indexed by the bus number.
        long at = rootTable + (long) (source >>> 8) * RootEntry.BYTES;
        // 2. If it cannot be read, fault 08h.
        if (!tables.contains(at, RootEntry.BYTES)) {
            return result.fail(EntryFormatter.unreadable(listener, ContextEntryFormatter.ROOT, at,
                    FaultReason.ROOT_ACCESS));
        }
        long q0 = tables.read64(at);
        long q1 = tables.read64(at + 8);
        FaultReason fault = null;
        if (!RootEntry.P.isSet(q0)) {
            // 3. If P is 0, fault 01h.
            fault = FaultReason.ROOT_NOT_PRESENT;
        } else if ((q0 & (RootEntry.RESERVED_LOW.mask() | unit.addressReserved(63))) != 0
                || RootEntry.RESERVED_HIGH.isSet(q1)) {
            // 4. If a reserved field is set, fault 0Ah.
            fault = FaultReason.ROOT_RESERVED;
        }
        if (listener != WalkListener.NONE) {
            formatter.root(at, q0, q1, fault, listener);
        }
        result.table = RootEntry.CTP.inPlace(q0);
        return fault == null || result.fail(fault);
    }

    private boolean contextEntry(long table, int source, WalkResult result,
            WalkListener listener) {
        // 5. The context entry is indexed by device and function number.
        long at = table + (long) (source & 0xff) * ContextEntry.BYTES;
        // 6. If it cannot be read, fault 09h.
        if (!tables.contains(at, ContextEntry.BYTES)) {
            return result.fail(EntryFormatter.unreadable(listener,
                    ContextEntryFormatter.CONTEXT, at, FaultReason.CONTEXT_ACCESS));
        }
        long q0 = tables.read64(at);
        long q1 = tables.read64(at + 8);
        result.faultsDisabled = ContextEntry.FPD.isSet(q0);
        FaultReason fault = check(q0, q1);
        if (listener != WalkListener.NONE) {
            formatter.context(at, q0, q1, fault, listener);
        }
        if (fault != null) {
            return result.fail(fault);
        }
        // 9. TT 10b passes requests through; 00b and 01b translate them.
        boolean passes = ContextEntry.TT.of(q0) == ContextEntry.TT_PASS_THROUGH;
        int levels = unit.levels(ContextEntry.AW.of(q0, q1));
        result.context = ContextTag.of(source, ContextEntry.DID.of(q0, q1), 0, passes ? 0 : levels,
                unit.inputWidth(levels))
                | (result.faultsDisabled ? ContextTag.FAULTS_DISABLED.mask() : 0);
        result.source = ContextEntry.TT.of(q0) == ContextEntry.TT_ALL
                ? (int) SourceCapabilities.DEVICE_TLB.mask() : 0;
        result.table = passes ? 0 : ContextEntry.SSPTPTR.inPlace(q0);
        return true;
    }

    private FaultReason check(long q0, long q1) {
        if (!ContextEntry.P.isSet(q0)) {
            // 6a. If P is 0, fault 02h.
            return FaultReason.CONTEXT_NOT_PRESENT;
        }
        if ((q0 & (ContextEntry.RESERVED_LOW.mask() | unit.addressReserved(63))) != 0
                || ContextEntry.RESERVED_71.isSet(q1) || ContextEntry.RESERVED_HIGH.isSet(q1)) {
            // 7. If a reserved field is set, fault 0Bh.
            return FaultReason.CONTEXT_RESERVED;
        }
        // 8. If width or translation type are not supported, fault 03h.
        boolean typeKnown = switch ((int) ContextEntry.TT.of(q0)) {
            case ContextEntry.TT_UNTRANSLATED -> true;
            case ContextEntry.TT_ALL -> unit.deviceTlb();
            case ContextEntry.TT_PASS_THROUGH -> unit.passThrough();
            default -> false;
        };
        return typeKnown && unit.levels(ContextEntry.AW.of(q0, q1)) != 0
                ? null : FaultReason.CONTEXT_INVALID;
    }
}
