// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.bits.BitField;
import iommu.api.unit.WalkListener;
import iommu.vtd.ContextEntry;
import iommu.vtd.FaultReason;
import iommu.vtd.PasidDirectoryEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.RootEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.ScalableRootEntry;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.EntryFormatter;

/** Tells the entries between the root table and page tables. Cold. */
public final class ContextEntryFormatter {

    static final String ROOT = "root entry";
    public static final String CONTEXT = "context entry";
    static final String SCALABLE_ROOT = "scalable-mode root entry";
    static final String SCALABLE_CONTEXT = "scalable-mode context entry";
    static final String DIRECTORY = "PASID directory entry";
    public static final String PASID = "PASID entry";

    /** Address bits that must be 0 in every entry. */
    private final long reserved;

    ContextEntryFormatter(UnitCapabilities unit) {
        reserved = unit.addressReserved(63);
    }

    private long bad(long word, BitField field) {
        return word & (field.mask() | reserved);
    }

    private static String decision(FaultReason fault, boolean present, String invalid,
            String otherwise, long... reserved) {
        if (fault == null) {
            return otherwise;
        }
        boolean bits = false;
        for (long word : reserved) {
            bits |= word != 0;
        }
        return EntryFormatter.refusal(!present ? "P=0"
                : bits ? EntryFormatter.reserved(reserved) : invalid, fault);
    }

    private static String leads(String next, long at) {
        return "present, " + next + " at " + EntryFormatter.hex(at);
    }

    void root(long at, long q0, long q1, FaultReason fault, WalkListener listener) {
        EntryFormatter.entry(ROOT, at, q0, q1).with("P", RootEntry.P).at("CTP", RootEntry.CTP)
                .decides(listener, decision(fault, RootEntry.P.isSet(q0), "",
                        leads("context table", RootEntry.CTP.inPlace(q0)),
                        bad(q0, RootEntry.RESERVED_LOW),
                        q1 & RootEntry.RESERVED_HIGH.mask()));
    }

    void context(long at, long q0, long q1, FaultReason fault, WalkListener listener) {
        boolean passes = ContextEntry.TT.of(q0) == ContextEntry.TT_PASS_THROUGH;
        EntryFormatter.entry(CONTEXT, at, q0, q1).with("P", ContextEntry.P)
                .with("FPD", ContextEntry.FPD).with("TT", ContextEntry.TT)
                .at("SSPTPTR", ContextEntry.SSPTPTR).with("AW", ContextEntry.AW)
                .with("DID", ContextEntry.DID)
                .decides(listener, decision(fault, ContextEntry.P.isSet(q0),
                        "TT or AW not supported", passes ? "present, requests pass through"
                                : leads("second-stage table", ContextEntry.SSPTPTR.inPlace(q0)),
                        bad(q0, ContextEntry.RESERVED_LOW), q1 & (ContextEntry.RESERVED_71.mask()
                                | ContextEntry.RESERVED_HIGH.mask())));
    }

    /** @param otherHalf what counts of the other half, of which 0 is right */
    void scalableRoot(long at, long q, long otherHalf, boolean lower, FaultReason fault,
            WalkListener listener) {
        EntryFormatter.entry(SCALABLE_ROOT, at, q)
                .with(lower ? "LP" : "UP", ScalableRootEntry.P)
                .at(lower ? "LCTP" : "UCTP", ScalableRootEntry.CTP)
                .decides(listener, decision(fault, ScalableRootEntry.P.isSet(q), "",
                        leads("context table", ScalableRootEntry.CTP.inPlace(q)),
                        bad(q | otherHalf, ScalableRootEntry.RESERVED)));
    }

    void scalableContext(long at, FaultReason fault, WalkListener listener, long... words) {
        long q0 = words[0];
        EntryFormatter.entry(SCALABLE_CONTEXT, at, words)
                .with("P", ScalableContextEntry.P).with("FPD", ScalableContextEntry.FPD)
                .with("DTE", ScalableContextEntry.DTE)
                .with("PASIDE", ScalableContextEntry.PASIDE)
                .with("PDTS", ScalableContextEntry.PDTS)
                .at("PASIDDIRPTR", ScalableContextEntry.PASIDDIRPTR)
                .with("RID_PASID", ScalableContextEntry.RID_PASID)
                .decides(listener, decision(fault, ScalableContextEntry.P.isSet(q0),
                        "DTE, PASIDE or PRE asks for what the unit has not",
                        leads("PASID directory", ScalableContextEntry.PASIDDIRPTR.inPlace(q0)),
                        bad(q0, ScalableContextEntry.RESERVED_LOW),
                        words[1] & ScalableContextEntry.RESERVED_HIGH.mask(),
                        words[2], words[3]));
    }

    void directory(long at, long q, FaultReason fault, WalkListener listener) {
        EntryFormatter.entry(DIRECTORY, at, q).with("P", PasidDirectoryEntry.P)
                .with("FPD", PasidDirectoryEntry.FPD)
                .at("SMPTBLPTR", PasidDirectoryEntry.SMPTBLPTR)
                .decides(listener, decision(fault, PasidDirectoryEntry.P.isSet(q), "",
                        leads("PASID table", PasidDirectoryEntry.SMPTBLPTR.inPlace(q)),
                        bad(q, PasidDirectoryEntry.RESERVED)));
    }

    void pasid(long at, FaultReason fault, boolean passes, UnitCapabilities unit,
            WalkListener listener, long... words) {
        long q0 = words[0];
        long q2 = words[2];
        int type = (int) PasidEntry.PGTT.of(q0);
        boolean first = type == PasidEntry.PGTT_FIRST_STAGE || type == PasidEntry.PGTT_NESTED;
        String next = type == PasidEntry.PGTT_NESTED ? "nested, first-stage table"
                : first ? "first-stage table" : "second-stage table";
        long table = first ? PasidEntry.FSPTPTR.inPlace(q2) : PasidEntry.SSPTPTR.inPlace(q0);
        long unsupported = (unit.secondStageAccessed() ? 0 : PasidEntry.SSADE.mask());
        long third = PasidEntry.RESERVED_THIRD.mask() | reserved
                | (unit.extendedAccessed() ? 0 : PasidEntry.EAFE.mask());
        var formatter = EntryFormatter.entry(PASID, at, words)
                .with("P", PasidEntry.P).with("FPD", PasidEntry.FPD).with("AW", PasidEntry.AW)
                .with("PGTT", PasidEntry.PGTT).at("SSPTPTR", PasidEntry.SSPTPTR)
                .with("DID", PasidEntry.DID);
        if (first) {
            formatter.with("SRE", PasidEntry.SRE).with("FSPM", PasidEntry.FSPM)
                    .at("FSPTPTR", PasidEntry.FSPTPTR);
        }
        formatter.decides(listener, decision(fault, PasidEntry.P.isSet(q0),
                "PGTT, AW or FSPM not supported",
                passes ? "present, requests pass through" : leads(next, table),
                bad(q0, PasidEntry.RESERVED_LOW) | q0 & unsupported, 0, first ? q2 & third : 0));
    }
}
