// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.EventCode;

/** What a walk found; one object a walker, overwritten by each walk so that none is allocated. */
final class WalkResult {

    /** Why the walk ended early. */
    EventCode fault;
    /** Flags that go with {@link #fault}, those of the request left out. */
    int flags;
    /** Address that goes with {@link #fault} if it is not the request's; else 0. */
    long faultAddress;
    /** Whether {@link #fault} is kept out of the log by what the walk has read. */
    boolean silent;
    /** Whether {@link #page} was found and lacks the right. */
    boolean denied;
    /** Slot of the device's entry in the DTE cache; -1 if it is not cached. */
    int slot;
    /** What the device table entry says, see {@link Stage}. */
    long stage;
    /** Root of the page table, from the device table entry. */
    long root;
    /** Quadword of the device table entry that describes interrupts. */
    long interrupts;
    /** Page that the leaf maps. */
    long page;
    /** Base-2 logarithm of the page size. */
    int pageShift;
    /** {@link iommu.api.pcie.Access} bits of all levels of the page table. */
    int rights;

    /** Ends a walk with a fault; returns false. */
    boolean fail(EventCode code, int newFlags) {
        return fail(code, newFlags, 0);
    }

    /** Ends a walk with a fault that names another address than the request's; returns false. */
    boolean fail(EventCode code, int newFlags, long address) {
        fault = code;
        flags = newFlags;
        faultAddress = address;
        silent = false;
        return false;
    }
}
