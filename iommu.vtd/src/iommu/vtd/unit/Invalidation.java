// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.vtd.Capability;
import iommu.vtd.InvalidationDescriptor;

/**
 * What an invalidation does to the caches, whichever way it was asked for. Source: VT-d,
 * "Invalidation of Translation Caches".
 */
final class Invalidation {

    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final InterruptEntryCache interrupts;
    private final boolean asQemu;
    private final int maximumMask;
    private final Listener listener;

    /** Hears what was dropped. */
    interface Listener {

        /** Something was dropped; in the manual's words. */
        void told(String what);

        /**
         * Context entries of all sources like {@code source} were dropped.
         *
         * @param ignored bits of the source that need not be alike; -1 for all
         */
        void contextsDropped(int source, int ignored);
    }

    Invalidation(ContextCache contexts, Iotlb iotlb, InterruptEntryCache interrupts,
            Traits traits, Listener listener) {
        this.contexts = contexts;
        this.iotlb = iotlb;
        this.interrupts = interrupts;
        this.listener = listener;
        asQemu = traits.settings().cacheAsQemu();
        maximumMask = (int) Capability.MAMV.of(traits.cap());
    }

    /** Drops both caches, as some root-pointer updates do. */
    void everything(String why) {
        contexts.invalidateAll();
        iotlb.invalidateAll();
        listener.told(why);
        listener.contextsDropped(0, -1);
    }

    /** Invalidates the interrupt entry cache: everything, or 2^mask entries from an index. */
    boolean interruptEntries(boolean selective, int index, int mask) {
        if (selective) {
            interrupts.invalidate(index, mask);
            listener.told(
                    "interrupt-entry-cache, index " + Narration.hex(index) + ", mask " + mask);
        } else {
            interrupts.invalidateAll();
            listener.told("interrupt-entry-cache, global");
        }
        return true;
    }

    /** Invalidates the context cache; false for a reserved granularity. */
    boolean context(int granularity, int domain, int source, int functionMask) {
        switch (granularity) {
            case InvalidationDescriptor.GLOBAL -> {
                contexts.invalidateAll();
                listener.told("context-cache, global");
                listener.contextsDropped(0, -1);
            }
            case InvalidationDescriptor.DOMAIN -> {
                if (asQemu) {
                    contexts.invalidateAll();
                    listener.contextsDropped(0, -1);
                }
                contexts.invalidateDomain(domain);
                listener.told("context-cache, domain " + Narration.hex(domain));
            }
            case InvalidationDescriptor.SELECTIVE -> {
                contexts.invalidateDevice(domain, source, functionMask);
                listener.told("context-cache, domain " + Narration.hex(domain) + ", source "
                        + Narration.hex(source) + ", function mask " + functionMask);
                listener.contextsDropped(source, ContextCache.ignored(functionMask));
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Invalidates the IOTLB; false for a reserved granularity or too wide a mask. */
    boolean iotlb(int granularity, int domain, long address, int addressMask) {
        switch (granularity) {
            case InvalidationDescriptor.GLOBAL -> {
                iotlb.invalidateAll();
                listener.told("IOTLB, global");
            }
            case InvalidationDescriptor.DOMAIN -> {
                iotlb.invalidateDomain(domain);
                listener.told("IOTLB, domain " + Narration.hex(domain));
            }
            case InvalidationDescriptor.SELECTIVE -> {
                if (addressMask > maximumMask) {
                    return false;
                }
                iotlb.invalidatePages(domain, -1, address, addressMask);
                listener.told("IOTLB, domain " + Narration.hex(domain) + ", address "
                        + Narration.hex(address) + ", mask " + addressMask);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Invalidates PASID entries; false for a reserved granularity. */
    boolean pasidCache(int granularity, int domain, int pasid) {
        if (asQemu) {
            return true;
        }
        switch (granularity) {
            case InvalidationDescriptor.PASID_CACHE_GLOBAL -> contexts.invalidateAll();
            case InvalidationDescriptor.PASID_CACHE_DOMAIN -> contexts.invalidateDomain(domain);
            case InvalidationDescriptor.PASID_CACHE_PASID ->
                contexts.invalidatePasid(domain, pasid);
            default -> {
                return false;
            }
        }
        listener.told("PASID-cache, granularity " + granularity + ", domain "
                + Narration.hex(domain) + ", PASID " + Narration.hex(pasid));
        return true;
    }

    /** Invalidates the IOTLB by PASID; false for a reserved granularity. */
    boolean pasidIotlb(int granularity, int domain, int pasid, long address, int addressMask) {
        if (asQemu) {
            return true;
        }
        switch (granularity) {
            case InvalidationDescriptor.PASID_ALL_PAGES -> iotlb.invalidatePasid(domain, pasid);
            case InvalidationDescriptor.SELECTIVE ->
                iotlb.invalidatePages(domain, pasid, address, addressMask);
            default -> {
                return false;
            }
        }
        listener.told("PASID-based IOTLB, domain " + Narration.hex(domain) + ", PASID "
                + Narration.hex(pasid));
        return true;
    }
}
