// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.events;

import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.caches.DteCache;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.pcie.Access;

/**
 * Writes blocked requests into the event log, unless the device's entry suppresses them: with SA
 * all page faults, with SE all but the first since the entry was cached.
 *
 * <p>Source: 48882, "Device Table Entry Format", SA and SE; "Event Logging".
 */
public final class FaultReport {

    private final EventLog events;
    private final DteCache entries;

    public FaultReport(EventLog events, DteCache entries) {
        this.events = events;
        this.entries = entries;
    }

    /** Returns whether an event was written for a request that ended as {@code result} says. */
    public boolean report(int device, long address, int access, WalkResult result) {
        boolean pageFault = result.fault == EventCode.IO_PAGE_FAULT;
        if (result.silent || pageFault && result.slot >= 0 && suppressed(result.tag)) {
            return false;
        }
        boolean interrupt = (result.flags & Event.INTERRUPT) != 0;
        int flags = result.flags
                | (access == Access.WRITE && !interrupt ? Event.WRITE : 0);
        boolean namesDomain = pageFault || result.fault == EventCode.PAGE_TAB_HARDWARE_ERROR;
        int domain = namesDomain ? (int) ContextTag.DOMAIN.of(result.tag) : 0;
        boolean written = events.log(Event.low(result.fault, device, domain, flags),
                result.faultAddress != 0 ? result.faultAddress : address);
        if (written && pageFault && result.slot >= 0) {
            entries.faulted(result.slot);
        }
        return written;
    }

    private static boolean suppressed(long tag) {
        return ContextTag.SUPPRESS_ALL.isSet(tag)
                || ContextTag.SUPPRESS_FURTHER.isSet(tag) && ContextTag.FAULTED.isSet(tag);
    }
}
