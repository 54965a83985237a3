// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.tables;

import iommu.amdvi.EventCode;
import iommu.amdvi.unit.caches.ContextTag;

/** What a walk found; one object a walker, overwritten by each walk so that none is allocated. */
public final class WalkResult {

    /** Why the walk ended early. */
    public EventCode fault;
    /** Flags that go with {@link #fault}, those of the request left out. */
    public int flags;
    /** Address that goes with {@link #fault} if it is not the request's; else 0. */
    public long faultAddress;
    /** Whether {@link #fault} is kept out of the log by what the walk has read. */
    public boolean silent;
    /** Whether {@link #page} was found and lacks the right. */
    public boolean denied;
    /** Slot of the device's entry in the DTE cache; -1 if it is not cached. */
    public int slot;
    /** What the device table entry says, see {@link ContextTag}. */
    public long tag;
    /** Root of the page table, from the device table entry. */
    public long root;
    /** Quadword of the device table entry that describes interrupts. */
    public long interrupts;
    /** Page that the leaf maps. */
    public long page;
    /** Base-2 logarithm of the page size. */
    public int pageShift;
    /** {@link iommu.api.pcie.Access} bits of all levels of the page table. */
    public int rights;

    /** Ends a walk with a fault; returns false. */
    public boolean fail(EventCode code, int newFlags) {
        return fail(code, newFlags, 0);
    }

    /** Ends a walk with a fault that names another address than the request's; returns false. */
    public boolean fail(EventCode code, int newFlags, long address) {
        fault = code;
        flags = newFlags;
        faultAddress = address;
        silent = false;
        return false;
    }
}
