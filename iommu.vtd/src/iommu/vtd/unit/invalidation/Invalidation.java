// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import iommu.vtd.Capability;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.ContextCache;
import iommu.vtd.unit.caches.FastPathCache;
import iommu.vtd.unit.caches.InterruptEntryCache;
import iommu.vtd.unit.caches.Iotlb;
import iommu.vtd.unit.caches.PasidCache;
import iommu.vtd.unit.caches.StructureCache;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.PagingMode;

/**
 * What an invalidation does to the caches, whichever way it was asked for. Source: VT-d,
 * "Invalidation of Translation Caches".
 */
public final class Invalidation {

    /** Versions of QEMU that changed something. */
    private static final int FLUSHES_PASIDS = 10;
    private static final int LOOKS_AT_PASIDS = 11;

    private final FastPathCache front;
    private final ContextCache contexts;
    private final PasidCache pasids;
    private final Iotlb iotlb;
    private final StructureCache structures;
    private final InterruptEntryCache interrupts;
    private final boolean asQemu;
    /** As QEMU of a version that knows PASID-based invalidation of the IOTLB, and of entries. */
    private final boolean flushesPasids;
    private final boolean looksAtPasids;
    private final boolean withPasids;
    private final int maximumMask;
    private final Listener listener;

    /** Hears what was dropped. */
    public interface Listener {

        /** Returns whether anybody wants words for what is dropped. */
        boolean hears();

        /** Something was dropped; in the manual's words. */
        void told(String what);

        /**
         * Context entries of all sources like {@code source} were dropped.
         *
         * @param ignored bits of the function number that need not be alike; -1: all sources
         */
        void contextsDropped(int source, int ignored);

        /**
         * PASID entries were dropped.
         *
         * @param granularity as a descriptor has it
         */
        void pasidsDropped(int granularity, int domain, int pasid);
    }

    public Invalidation(Caches caches, UnitCapabilities unit, Listener listener) {
        front = caches.front();
        contexts = caches.contexts();
        pasids = caches.pasids();
        iotlb = caches.iotlb();
        structures = caches.structures();
        interrupts = caches.interrupts();
        this.listener = listener;
        asQemu = unit.settings().cacheAsQemu();
        flushesPasids = unit.settings().qemuVersion() >= FLUSHES_PASIDS;
        looksAtPasids = unit.settings().qemuVersion() >= LOOKS_AT_PASIDS;
        withPasids = unit.settings().contextInvalidationDropsPasids();
        maximumMask = (int) Capability.MAMV.of(unit.cap());
    }

    /** Drops all cached translations, as some root-pointer updates do. */
    public void everything(String why) {
        front.clear();
        contexts.invalidateAll();
        pasids.invalidateAll();
        iotlb.invalidateAll();
        structures.invalidateAll();
        listener.told(why);
        listener.contextsDropped(0, -1);
    }

    /** Invalidates the interrupt entry cache: everything, or 2^mask entries from an index. */
    boolean interruptEntries(boolean selective, int index, int mask) {
        if (selective) {
            interrupts.invalidate(index, mask);
            listener.told(
                    "interrupt-entry-cache, index " + EntryFormatter.hex(index) + ", mask " + mask);
        } else {
            interrupts.invalidateAll();
            listener.told("interrupt-entry-cache, global");
        }
        return true;
    }

    /** Invalidates the context cache; false for a reserved granularity. */
    public boolean context(int granularity, int domain, int source, int functionMask) {
        front.clear();
        switch (granularity) {
            case InvalidationDescriptor.GLOBAL -> {
                contexts.invalidateAll();
                dropPasids(0, -1);
                listener.told("context-cache, global");
                listener.contextsDropped(0, -1);
            }
            case InvalidationDescriptor.DOMAIN -> {
                if (asQemu) {
                    contexts.invalidateAll();
                    listener.contextsDropped(0, -1);
                }
                contexts.invalidateDomain(domain);
                dropPasids(0, -1);
                listener.told("context-cache, domain " + EntryFormatter.hex(domain));
            }
            case InvalidationDescriptor.SELECTIVE -> {
                contexts.invalidateDevice(domain, source, functionMask);
                dropPasids(source, ContextCache.ignored(functionMask));
                // asked for with every function that is attached, as below
                listener.told(!listener.hears() ? "context-cache, source"
                        : "context-cache, domain " + EntryFormatter.hex(domain) + ", source "
                                + EntryFormatter.hex(source) + ", function mask " + functionMask);
                listener.contextsDropped(source, ContextCache.ignored(functionMask));
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void dropPasids(int source, int ignored) {
        if (withPasids) {
            pasids.invalidateDevice(source, ignored);
        }
    }

    /**
     * Invalidates the IOTLB and with it the paging-structure caches; false for a reserved
     * granularity or too wide a mask.
     *
     * @param leavesOnly the hint that keeps paging-structure caches, of pages alone
     */
    public boolean iotlb(int granularity, int domain, long address, int addressMask,
            boolean leavesOnly) {
        switch (granularity) {
            case InvalidationDescriptor.GLOBAL -> {
                iotlb.invalidateAll();
                structures.invalidateAll();
                listener.told("IOTLB, global");
            }
            case InvalidationDescriptor.DOMAIN -> {
                iotlb.invalidateDomain(domain);
                structures.invalidateDomain(domain);
                listener.told("IOTLB, domain " + EntryFormatter.hex(domain));
            }
            case InvalidationDescriptor.SELECTIVE -> {
                if (addressMask > maximumMask) {
                    return false;
                }
                iotlb.invalidatePages(domain, PagingMode.SECOND_STAGE, address, addressMask);
                if (!leavesOnly) {
                    structures.invalidatePages(domain, PagingMode.SECOND_STAGE, address,
                            addressMask);
                }
                // asked for with every page that is unmapped: no words unless somebody listens
                listener.told(!listener.hears() ? "IOTLB, pages"
                        : "IOTLB, domain " + EntryFormatter.hex(domain) + ", address "
                                + EntryFormatter.hex(address) + ", mask " + addressMask);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Invalidates PASID entries; false for a reserved granularity. */
    boolean pasidCache(int granularity, int domain, int pasid) {
        front.clear();
        if (asQemu && !looksAtPasids) {
            return true;
        }
        switch (granularity) {
            case InvalidationDescriptor.PASID_CACHE_GLOBAL -> pasids.invalidateAll();
            case InvalidationDescriptor.PASID_CACHE_DOMAIN -> pasids.invalidateDomain(domain);
            case InvalidationDescriptor.PASID_CACHE_PASID ->
                pasids.invalidatePasid(domain, pasid);
            default -> {
                return false;
            }
        }
        listener.pasidsDropped(granularity, domain, pasid);
        listener.told("PASID-cache, granularity " + granularity + ", domain "
                + EntryFormatter.hex(domain) + ", PASID " + EntryFormatter.hex(pasid));
        return true;
    }

    /**
     * Invalidates first-stage and nested translations of a PASID; false for a reserved granularity
     * or too wide a mask.
     */
    boolean pasidIotlb(int granularity, int domain, int pasid, long address, int addressMask,
            boolean leavesOnly) {
        if (asQemu && !flushesPasids) {
            return true;
        }
        switch (granularity) {
            case InvalidationDescriptor.PASID_ALL_PAGES -> {
                iotlb.invalidatePasid(domain, pasid);
                structures.invalidatePasid(domain, pasid);
            }
            case InvalidationDescriptor.SELECTIVE -> {
                if (addressMask > maximumMask) {
                    return false;
                }
                iotlb.invalidatePages(domain, pasid, address, addressMask);
                if (!leavesOnly) {
                    structures.invalidatePages(domain, pasid, address, addressMask);
                }
            }
            default -> {
                return false;
            }
        }
        listener.told("PASID-based IOTLB, domain " + EntryFormatter.hex(domain) + ", PASID "
                + EntryFormatter.hex(pasid));
        return true;
    }
}
