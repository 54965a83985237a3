// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.commands;

import iommu.amdvi.Command;
import iommu.amdvi.unit.caches.Caches;
import iommu.amdvi.unit.tables.EntryFormatter;
import java.util.function.Consumer;

/** What an invalidation command does to the caches. Source: 48882, "Commands". */
public final class Invalidation {

    private final Caches caches;
    private final Consumer<String> told;

    /** @param told hears what was dropped, not of invalidations that met nothing */
    public Invalidation(Caches caches, Consumer<String> told) {
        this.caches = caches;
        this.told = told;
    }

    /** INVALIDATE_DEVTAB_ENTRY. */
    public void deviceTableEntry(int device) {
        if (caches.entries().invalidate(device)) {
            told.accept("device table entry, device " + EntryFormatter.hex(device));
        }
    }

    /** INVALIDATE_IOMMU_PAGES; without PDE the directory entries stay. */
    public void pages(int domain, long q1) {
        int shift = Command.pagesShift(q1);
        long address = Command.ADDRESS.of(q1) << 12;
        boolean dropped = caches.tlb().invalidate(domain, address, shift);
        if (Command.PDE.isSet(q1)) {
            dropped |= caches.directories().invalidate(domain, address, shift);
        }
        if (dropped) {
            told.accept("pages, domain " + EntryFormatter.hex(domain) + (shift >= 64 ? ", all"
                    : ", address " + EntryFormatter.hex(address & -(1L << shift)) + ", 2^" + shift
                            + " bytes") + (Command.PDE.isSet(q1) ? ", directories" : ""));
        }
    }

    /** INVALIDATE_INTERRUPT_TABLE. */
    public void interruptTable(int device) {
        if (caches.interrupts().invalidate(device)) {
            told.accept("interrupt table, device " + EntryFormatter.hex(device));
        }
    }

    /** INVALIDATE_IOMMU_ALL, or what empties all caches otherwise. */
    public void everything(String why) {
        caches.entries().invalidateAll();
        caches.directories().invalidateAll();
        caches.tlb().invalidateAll();
        caches.interrupts().invalidateAll();
        told.accept(why);
    }
}
