// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.vtd.InvalidationDescriptor;
import java.util.function.Consumer;

/**
 * What an invalidation does to the caches, whichever way it was asked for. Source: VT-d,
 * "Invalidation of Translation Caches".
 */
final class Invalidation {

    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final InterruptEntryCache interrupts;
    private final Consumer<String> told;

    /** @param told hears what was dropped */
    Invalidation(ContextCache contexts, Iotlb iotlb, InterruptEntryCache interrupts,
            Consumer<String> told) {
        this.contexts = contexts;
        this.iotlb = iotlb;
        this.interrupts = interrupts;
        this.told = told;
    }

    /** Drops both caches, as some root-pointer updates do. */
    void everything(String why) {
        contexts.invalidateAll();
        iotlb.invalidateAll();
        told.accept(why);
    }

    /** Invalidates the interrupt entry cache: everything, or 2^mask entries from an index. */
    boolean interruptEntries(boolean selective, int index, int mask) {
        if (selective) {
            interrupts.invalidate(index, mask);
            told.accept("interrupt-entry-cache, index " + Narration.hex(index) + ", mask " + mask);
        } else {
            interrupts.invalidateAll();
            told.accept("interrupt-entry-cache, global");
        }
        return true;
    }

    /** Invalidates the context cache; false for a reserved granularity. */
    boolean context(int granularity, int domain, int source, int functionMask) {
        switch (granularity) {
            case InvalidationDescriptor.GLOBAL -> {
                contexts.invalidateAll();
                told.accept("context-cache, global");
            }
            case InvalidationDescriptor.DOMAIN -> {
                contexts.invalidateDomain(domain);
                told.accept("context-cache, domain " + Narration.hex(domain));
            }
            case InvalidationDescriptor.SELECTIVE -> {
                contexts.invalidateDevice(domain, source, functionMask);
                told.accept("context-cache, domain " + Narration.hex(domain) + ", source "
                        + Narration.hex(source) + ", function mask " + functionMask);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Invalidates the IOTLB; false for a reserved granularity. */
    boolean iotlb(int granularity, int domain, long address, int addressMask) {
        switch (granularity) {
            case InvalidationDescriptor.GLOBAL -> {
                iotlb.invalidateAll();
                told.accept("IOTLB, global");
            }
            case InvalidationDescriptor.DOMAIN -> {
                iotlb.invalidateDomain(domain);
                told.accept("IOTLB, domain " + Narration.hex(domain));
            }
            case InvalidationDescriptor.SELECTIVE -> {
                iotlb.invalidatePages(domain, -1, address, addressMask);
                told.accept("IOTLB, domain " + Narration.hex(domain) + ", address "
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
        switch (granularity) {
            case InvalidationDescriptor.PASID_CACHE_GLOBAL -> contexts.invalidateAll();
            case InvalidationDescriptor.PASID_CACHE_DOMAIN -> contexts.invalidateDomain(domain);
            case InvalidationDescriptor.PASID_CACHE_PASID ->
                contexts.invalidatePasid(domain, pasid);
            default -> {
                return false;
            }
        }
        told.accept("PASID-cache, granularity " + granularity + ", domain "
                + Narration.hex(domain) + ", PASID " + Narration.hex(pasid));
        return true;
    }

    /** Invalidates the IOTLB by PASID; false for a reserved granularity. */
    boolean pasidIotlb(int granularity, int domain, int pasid, long address, int addressMask) {
        switch (granularity) {
            case InvalidationDescriptor.PASID_ALL_PAGES -> iotlb.invalidatePasid(domain, pasid);
            case InvalidationDescriptor.SELECTIVE ->
                iotlb.invalidatePages(domain, pasid, address, addressMask);
            default -> {
                return false;
            }
        }
        told.accept("PASID-based IOTLB, domain " + Narration.hex(domain) + ", PASID "
                + Narration.hex(pasid));
        return true;
    }
}
