// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.PageTableEntry;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.IovaOrder;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which domain each device has, and what is mapped in it. A device without a domain of this kernel
 * gets one at its first mapping (deferred attach): an empty table of three levels under a fresh id,
 * shared by all ids under which its requests arrive; what the unit may still hold of a copied entry
 * and of its domain is flushed then. What firmware reserved for it is mapped to itself from the
 * first.
 *
 * <p>Source: Linux, amd/iommu.c, set_dte_entry, do_attach, attach_device, domain_flush_pages.
 */
final class DomainMappings {

    private static final int LEVELS = 3;

    private final KernelProfile kernel;
    private final KernelQuirks quirks;
    private final KernelPort port;
    private final PageTables pageTables;
    private final DomainIds ids = new DomainIds();
    private final Map<Integer, Domain> domainOf = new HashMap<>();
    private final Map<Domain, Set<KernelPort.Range>> reserved = new HashMap<>();
    private final TreeSet<Integer> unflushed = new TreeSet<>();
    private KeptMappings kept = KeptMappings.NONE;
    private DeviceEntries entries;
    private CommandRing commands;
    /** The entries are this kernel's own, of before it was imported; no others are believed. */
    private boolean resumed;

    DomainMappings(KernelProfile kernel, KernelQuirks quirks, KernelPort port) {
        this.kernel = kernel;
        this.quirks = quirks;
        this.port = port;
        pageTables = new PageTables(port);
    }

    DomainIds ids() {
        return ids;
    }

    /** Goes on with a table that this very kernel had set up before it was imported. */
    void resume(DeviceEntries own, CommandRing ring) {
        use(own, ring);
        resumed = true;
        for (int device = 0; device < own.count(); device++) {
            if (own.domain(device) != null) {
                ids.reserve(own.domainId(device));
            }
        }
    }

    /**
     * Returns the order of addresses. Up to 4.7 this code had an allocator of its own, which went
     * through apertures of 128 MiB from the bottom; tables grow to all 64 bits.
     *
     * <p>Source: Linux, amd_iommu.c before 256e4621c21a, dma_ops_area_alloc.
     */
    IovaOrder iovaOrder() {
        if (!kernel.version().atLeast(4, 8)) {
            return new IovaOrder(IovaOrder.Kind.UPWARDS, Integer.SIZE, IovaOrder.Spared.NONE);
        }
        return new IovaOrder(kernel.setting(KernelProfile.FORCE_DAC, 0) != 0
                ? IovaOrder.Kind.WHOLE_RANGE : IovaOrder.Kind.LOW_FIRST, Long.SIZE,
                kernel.version().atLeast(5, 5) ? IovaOrder.Spared.WINDOWS
                        : IovaOrder.Spared.FUNCTIONS);
    }

    /**
     * Has devices keep the domains that their entries name, with what is mapped in these. Entries
     * whose requests pass, or whose table is not in memory, are not believed.
     */
    void keep(KeptMappings found, DeviceEntries old) {
        kept = found;
        for (int device = 0; device < old.count(); device++) {
            if (kept.has(old.domain(device))) {
                ids.reserve(old.domainId(device));
            }
        }
    }

    /** Returns what stays mapped in a function's domain of the kernel before. */
    List<KernelPort.Range> keptRanges(int requester) {
        return kept.ranges(domain(requester));
    }

    /** Gives functions, in another table, a domain whose addresses all lead to one page. */
    void installScratch(DeviceEntries into, List<Integer> requesters) {
        int levels = PageTableEntry.MAX_LEVEL;
        var scratch = new Domain(ids.take(), port.allocatePages(1), levels);
        pageTables.fillWithOnePage(scratch);
        for (int requester : requesters) {
            for (int id : port.sourceIds(requester)) {
                into.install(RequesterId.sourceId(id), scratch);
            }
        }
    }

    /** Blocks a function's entries and drops what the unit has cached of them. */
    void block(int requester) {
        for (int id : port.sourceIds(requester)) {
            int device = RequesterId.sourceId(id);
            int old = entries.domainId(device);
            entries.block(device);
            domainOf.remove(device);
            commands.deviceTableEntry(device);
            commands.domain(old);
        }
        commands.complete();
    }

    /** Starts over with another table, in which no entry is this kernel's yet. */
    void use(DeviceEntries newEntries, CommandRing ring) {
        entries = newEntries;
        commands = ring;
        resumed = false;
        kept = KeptMappings.NONE;
        domainOf.clear();
        reserved.clear();
        unflushed.clear();
    }

    void map(int requester, long iova, long physicalAddress, long bytes, int access) {
        Domain domain = domain(requester);
        if (domain.passesThrough()) {
            return;
        }
        boolean stale = false;
        while (!PageTables.covers(domain.levels(), iova, bytes)) {
            pageTables.grow(domain);
            domainOf.forEach((device, of) -> {
                if (of == domain) {
                    entries.install(device, domain);
                    commands.deviceTableEntry(device);
                }
            });
            stale = true;
        }
        stale |= pageTables.map(domain, iova, physicalAddress, bytes, access);
        if (stale) {
            commands.domain(domain.id());
            commands.complete();
        }
    }

    void unmap(int requester, long iova, long bytes) {
        Domain domain = domain(requester);
        if (domain.passesThrough()) {
            return;
        }
        pageTables.unmap(domain, iova, bytes);
        if (kernel.strictInvalidation()) {
            commands.pages(domain.id(), iova, bytes);
            commands.complete();
        } else {
            unflushed.add(domain.id());
        }
    }

    void flush() {
        if (!unflushed.isEmpty()) {
            unflushed.forEach(commands::domain);
            commands.complete();
            unflushed.clear();
        }
    }

    /** Returns the domain of a function, which is given one if it has none. */
    Domain domain(int requester) {
        if (entries == null) {
            throw new KernelPanicException("mapping for " + RequesterId.format(requester)
                    + " before the unit has tables of this kernel");
        }
        Domain own = domainOf.get(RequesterId.sourceId(requester));
        return own != null ? own : attach(requester);
    }

    /** Gives functions a domain, whether or not the unit takes commands; nothing is awaited. */
    void attachUnseen(List<Integer> requesters) {
        commands.awaits(false);
        requesters.forEach(this::domain);
        commands.awaits(true);
    }

    /** Gives functions a domain. */
    void attach(List<Integer> requesters) {
        requesters.forEach(this::domain);
    }

    private Domain attach(int requester) {
        Domain domain = null;
        for (int id : port.sourceIds(requester)) {
            int device = RequesterId.sourceId(id);
            if (domain == null) {
                domain = domainOf.get(device);
            }
            if (domain == null) {
                domain = known(device);
            }
        }
        if (domain == null && quirks.groupsShareDomain()) {
            domain = port.group(requester).stream().map(RequesterId::sourceId).map(domainOf::get)
                    .filter(Objects::nonNull).findFirst().orElse(null);
        }
        if (domain == null) {
            domain = new Domain(ids.take(), port.allocatePages(1), LEVELS);
            reserved.put(domain, new HashSet<>());
        }
        mapReserved(requester, domain);
        for (int id : port.sourceIds(requester)) {
            int device = RequesterId.sourceId(id);
            if (known(device) == null) {
                attach(device, domain);
            }
            domainOf.putIfAbsent(device, domain);
        }
        return domain;
    }

    /**
     * Maps what firmware reserved for a function to itself, in a domain that this kernel made, and
     * before any entry leads there.
     */
    private void mapReserved(int requester, Domain domain) {
        Set<KernelPort.Range> done = reserved.get(domain);
        for (KernelPort.Range range : done == null ? List.<KernelPort.Range>of()
                : port.reservedRanges(requester)) {
            if (done.add(range)) {
                while (!PageTables.covers(domain.levels(), range.start(), range.bytes())) {
                    pageTables.grow(domain);
                }
                pageTables.map(domain, range.start(), range.start(), range.bytes(),
                        Access.READ | Access.WRITE);
            }
        }
    }

    /** Entries that name one domain get one object: what grows for one has grown for all. */
    private Domain known(int device) {
        Domain own = domainOf.get(device);
        Domain found = own != null && !resumed ? own : entries.domain(device);
        if (found == own || !resumed && !kept.has(found)) {
            return own;
        }
        return found == null ? null : domainOf.values().stream()
                .filter(d -> d.id() == found.id() && d.root() == found.root()).findFirst()
                .orElse(found);
    }

    private void attach(int device, Domain domain) {
        int old = entries.domainId(device);
        entries.install(device, domain);
        if (quirks.flushesEntryTwice()) {
            commands.deviceTableEntry(device);
            commands.complete();
        }
        if (old != 0 && quirks.flushesOldDomain()) {
            // A domain of the kernel before may be cached under the id that is overwritten.
            commands.domain(old);
            commands.complete();
        }
        commands.deviceTableEntry(device);
        commands.domain(domain.id());
        commands.complete();
    }
}
