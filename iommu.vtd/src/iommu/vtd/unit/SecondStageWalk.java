// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.SecondStageEntry;

/**
 * The walk through a second-stage page table of three, four or five levels.
 *
 * <p>Source: VT-d, "Second-Stage Translation" and "Access Rights".
 */
final class SecondStageWalk {

    /** What QEMU takes for an entry that could not be read. */
    private static final long UNREADABLE = -1;

    private final PhysicalMemory memory;
    private final Traits traits;
    private final boolean asQemu;
    private final long[] tableReserved = new long[6];
    private final long[] leafReserved = new long[6];

    SecondStageWalk(PhysicalMemory memory, Traits traits) {
        this.memory = memory;
        this.traits = traits;
        asQemu = traits.settings().walkAsQemu();
        long always = traits.addressReserved(51);
        boolean snoop = traits.snoopControl() || asQemu && traits.scalable();
        long leaf = always | (snoop ? 0 : SecondStageEntry.SNP.mask())
                | (traits.deviceTlb() ? 0 : SecondStageEntry.TM.mask());
        for (int level = 1; level <= 5; level++) {
            boolean large = traits.largePage(level);
            tableReserved[level] = always | SecondStageEntry.SNP.mask()
                    | SecondStageEntry.TM.mask() | (large ? 0 : SecondStageEntry.PS.mask());
            long below = (1L << SecondStageEntry.shift(level)) - 1 & SecondStageEntry.ADDR.mask();
            leafReserved[level] = leaf | below;
        }
    }

    /** Returns whether an entry at a level is a leaf: every one at level 1, and large pages. */
    boolean isLeaf(long entry, int level) {
        return level == 1 || traits.largePage(level) && SecondStageEntry.PS.isSet(entry);
    }

    /** Returns whether a present entry has a reserved bit set. */
    boolean malformed(long entry, int level) {
        long reserved = isLeaf(entry, level) ? leafReserved[level] : tableReserved[level];
        return (entry & reserved) != 0;
    }

    /** Returns the {@link Access} bits of an entry: R and W lie as they do there. */
    static int rights(long entry) {
        return (int) entry & (Access.READ | Access.WRITE);
    }

    /**
     * Translates an address; expects stage and table in {@code result}.
     *
     * @return whether the leaf grants {@code access}; otherwise the fault is in {@code result}
     */
    boolean walk(long address, int access, WalkResult result, WalkListener listener) {
        boolean scalable = Stage.SCALABLE.isSet(result.stage);
        long table = result.table;
        int rights = Access.READ | Access.WRITE;
        for (int level = (int) Stage.LEVELS.of(result.stage); ; level--) {
            // 1. The entry is indexed by nine bits of the address a level.
            long at = table
                    + (long) SecondStageEntry.index(address, level) * SecondStageEntry.BYTES;
            // 2. If it cannot be read, fault 07h (78h).
            if (!memory.contains(at, SecondStageEntry.BYTES)
                    || asQemu && memory.read64(at) == UNREADABLE) {
                return result.fail(unreadable(level, result.stage, scalable));
            }
            long entry = memory.read64(at);
            boolean leaf = isLeaf(entry, level);
            rights &= rights(entry);
            FaultReason fault = check(entry, level, rights, access, scalable);
            if (listener != WalkListener.NONE) {
                narrate(at, entry, level, leaf, fault, listener);
            }
            if (fault != null) {
                return result.fail(fault);
            }
            if (leaf) {
                // 6. The leaf gives the page; the rights are those of all levels together.
                result.page = SecondStageEntry.ADDR.inPlace(entry);
                result.pageShift = SecondStageEntry.shift(level);
                result.rights = rights;
                return inMemoryRange(result, address, scalable);
            }
            table = SecondStageEntry.ADDR.inPlace(entry);
        }
    }

    private FaultReason unreadable(int level, long stage, boolean scalable) {
        if (asQemu && level == Stage.LEVELS.of(stage)) {
            return FaultReason.CONTEXT_INVALID;
        }
        return scalable ? FaultReason.SM_PAGE_TABLE_ACCESS : FaultReason.PAGE_TABLE_ACCESS;
    }

    private FaultReason check(long entry, int level, int rights, int access, boolean scalable) {
        // 3. R and W both 0: not present; told as the permission that the request lacks.
        // 4. If a reserved field of a present entry is set, fault 0Ch (7Ah).
        boolean denied = (rights & access) != access;
        if (rights(entry) != 0 && malformed(entry, level) && !(asQemu && denied)) {
            return scalable ? FaultReason.SM_PAGE_TABLE_RESERVED : FaultReason.PAGE_TABLE_RESERVED;
        }
        // 5. If a level denies the access, fault 05h (85h) for a write, 06h (86h) for a read.
        if (!denied) {
            return null;
        }
        if (access == Access.WRITE) {
            return scalable ? FaultReason.SM_WRITE_DENIED : FaultReason.WRITE_DENIED;
        }
        return scalable ? FaultReason.SM_READ_DENIED : FaultReason.READ_DENIED;
    }

    private boolean inMemoryRange(WalkResult result, long address, boolean scalable) {
        // 7. A page in the interrupt range is no memory: fault 0Eh (87h).
        long inPage = (1L << result.pageShift) - 1;
        boolean blocked = asQemu ? InterruptRange.touches(result.page & ~inPage, inPage)
                : InterruptRange.contains(result.page | address & inPage);
        if (blocked) {
            return result.fail(scalable || asQemu && traits.scalable()
                    ? FaultReason.SM_INTERRUPT_RANGE : FaultReason.INTERRUPT_RANGE);
        }
        return true;
    }

    private static void narrate(long at, long entry, int level, boolean leaf, FaultReason fault,
            WalkListener listener) {
        String next = leaf
                ? "maps the page of " + (1L << SecondStageEntry.shift(level) - 10) + " KiB at "
                : "present, table at ";
        Narration.entry("second-stage entry, level " + level, at, entry)
                .with("R", SecondStageEntry.R).with("W", SecondStageEntry.W)
                .with("PS", SecondStageEntry.PS).at("ADDR", SecondStageEntry.ADDR)
                .decides(listener, fault != null ? fault.text()
                        : next + Narration.hex(SecondStageEntry.ADDR.inPlace(entry)));
    }
}
