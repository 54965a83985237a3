// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.FaultReason;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.SecondStageEntry;
import iommu.vtd.unit.caches.StructureCache;
import iommu.vtd.unit.requests.EntryFormatter;
import java.util.List;
import java.util.function.IntFunction;

/** Tells entries of page tables, with what the paging-structure caches know. Cold. */
public final class PageTableEntryFormatter {

    private static final int HIGHEST = 5;

    private PageTableEntryFormatter() { }

    static String secondStageName(int level) {
        return "second-stage entry, level " + level;
    }

    static String firstStageName(int level) {
        return "first-stage entry, level " + level;
    }

    /** @param reserved the bits of the entry that are set and must not be */
    static void secondStage(long at, long entry, int level, boolean leaf, long reserved,
            FaultReason fault, CacheLookup lookup, WalkListener listener) {
        EntryFormatter.entry(secondStageName(level), at, entry)
                .with("R", SecondStageEntry.R).with("W", SecondStageEntry.W)
                .with("PS", SecondStageEntry.PS).with("A", SecondStageEntry.A)
                .with("D", SecondStageEntry.D).at("ADDR", SecondStageEntry.ADDR)
                .decides(listener, fault != null
                        ? EntryFormatter.refusal(why(fault, entry, reserved), fault)
                        : leads(leaf, level, SecondStageEntry.ADDR.inPlace(entry)), lookup);
    }

    private static String why(FaultReason fault, long entry, long reserved) {
        return switch (fault) {
            case PAGE_TABLE_RESERVED, SM_PAGE_TABLE_RESERVED -> EntryFormatter.reserved(reserved);
            case WRITE_DENIED, SM_WRITE_DENIED -> denied(entry, "W", "write denied");
            case READ_DENIED, SM_READ_DENIED -> denied(entry, "R", "read denied");
            case SM_ACCESSED_NOT_SNOOPED, FIRST_STAGE_NOT_SNOOPED ->
                    "accessed or dirty must be set, by a walk that does not snoop";
            default -> "memory takes no locked write there";
        };
    }

    private static String denied(long entry, String right, String what) {
        boolean absent = SecondStageWalk.rights(entry) == 0;
        boolean here = absent || right.equals("W") ? !SecondStageEntry.W.isSet(entry)
                : !SecondStageEntry.R.isSet(entry);
        return absent ? "R=0, W=0, not present: " + what
                : here ? right + "=0: " + what : "a level above has " + right + "=0: " + what;
    }

    /** @param reserved the bits of the entry that are set and must not be */
    static void firstStage(long at, long entry, int level, boolean leaf, long reserved,
            FaultReason fault, CacheLookup lookup, WalkListener listener) {
        EntryFormatter.entry(firstStageName(level), at, entry)
                .with("P", FirstStageEntry.P).with("R/W", FirstStageEntry.RW)
                .with("U/S", FirstStageEntry.US).with("A", FirstStageEntry.A)
                .with("D", FirstStageEntry.D).with("PS", FirstStageEntry.PS)
                .with("XD", FirstStageEntry.XD).at("ADDR", FirstStageEntry.ADDR)
                .decides(listener, fault != null
                        ? EntryFormatter.refusal(whyFirst(fault, reserved), fault)
                        : leads(leaf, level, FirstStageEntry.ADDR.inPlace(entry)), lookup);
    }

    private static String whyFirst(FaultReason fault, long reserved) {
        return switch (fault) {
            case FIRST_STAGE_NOT_PRESENT -> "P=0";
            case FIRST_STAGE_RESERVED -> EntryFormatter.reserved(reserved);
            case USER_DENIED -> "U/S=0 at some level: user request denied";
            case EXECUTE_DENIED -> "XD=1 at some level, or SMEP: execution denied";
            case SM_WRITE_DENIED -> "R/W=0 at some level: write denied";
            case NESTED_WRITE_DENIED -> "the second stage does not let it be marked accessed";
            default -> why(fault, 0, 0);
        };
    }

    private static String leads(boolean leaf, int level, long to) {
        return (leaf ? "maps the page of " + (1L << SecondStageEntry.shift(level) - 10)
                + " KiB at " : "present, table at ") + EntryFormatter.hex(to);
    }

    /**
     * Tells the entries of a walk above a cached table, as memory has them: the unit skips them.
     *
     * @param lowest level of that table
     * @param held the table and its rights
     * @param name of the entries of a level
     */
    static void above(int lowest, long held, IntFunction<String> name, WalkRecording walk,
            WalkListener listener) {
        boolean reached = false;
        for (WalkRecording.Step s : walk.steps()) {
            for (int level = lowest + 1; level <= HIGHEST; level++) {
                if (s.structure().equals(name.apply(level))) {
                    reached |= level == lowest + 1;
                    CacheLookup known = s.lookup();
                    boolean hit = known != null && known.outcome() == CacheLookup.Outcome.HIT;
                    listener.step(s.structure(), s.address(), s.words(), s.fields(), s.decision(),
                            hit ? known : CacheLookup.skipped(StructureCache.NAME));
                }
            }
        }
        if (!reached) {
            listener.step(name.apply(lowest + 1) + ", cached", 0, new long[0], List.of(),
                    "memory does not lead to it any more",
                    CacheLookup.hit(StructureCache.NAME, StructureCache.held(held), true));
        }
    }
}
