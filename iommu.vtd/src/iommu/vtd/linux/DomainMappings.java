// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.IovaOrder;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Which domain each source has, and what is mapped in it. A function without a domain of this
 * kernel gets one at its first mapping (deferred attach): with an empty table and a fresh id,
 * shared by all ids under which its requests arrive; entries copied from the kernel before are torn
 * down then. What firmware reserved for it is mapped to itself from the first.
 *
 * <p>Source: Linux, intel/iommu.c, domain_context_mapping_one, copied_context_tear_down,
 * iommu_flush_iotlb_psi; iommu.c, iommu_create_device_direct_mappings.
 */
final class DomainMappings {

    private final KernelProfile kernel;
    private final KernelQuirks quirks;
    private final KernelPort port;
    private final UnitRegisters registers;
    private final PageTables pageTables;
    private final DomainWidths widths;
    private final Map<Integer, Domain> domainOf = new HashMap<>();
    private final Map<Integer, Set<KernelPort.Range>> reserved = new HashMap<>();
    private final AtsDevices ats;
    private DomainIds ids;
    private ContextTables tables;
    private Invalidations invalidations;
    private PageFlushes flushes;
    private BitSet copied = new BitSet();
    private boolean marks;
    private boolean defersAttach;
    private KeptMappings kept = KeptMappings.NONE;
    private boolean preparing;
    private Boolean passes;
    private Domain passing;

    DomainMappings(KernelProfile kernel, KernelQuirks quirks, KernelPort port,
            UnitRegisters registers) {
        this.kernel = kernel;
        this.quirks = quirks;
        this.port = port;
        this.registers = registers;
        pageTables = new PageTables(port, registers);
        widths = new DomainWidths(kernel, quirks, registers);
        ats = new AtsDevices(quirks, port, registers);
    }

    DomainIds ids() {
        if (ids == null) {
            ids = new DomainIds(Capability.domains(registers.cap()));
        }
        return ids;
    }

    /** Returns whether there are tables to map in. */
    boolean hasTables() {
        return tables != null;
    }

    /** Goes on with tables that this very kernel had set up before it was imported. */
    void resume(ContextTables ownTables, Invalidations ownInvalidations) {
        use(ownTables, ownInvalidations, new BitSet(), false);
        ownTables.reserveIds(ids());
    }

    /**
     * Starts over with other tables.
     *
     * @param copiedSources have entries of the kernel before
     * @param entriesMarked whether a mark in the entry tells so, and not {@code copiedSources}
     */
    void use(ContextTables newTables, Invalidations newInvalidations, BitSet copiedSources,
            boolean entriesMarked) {
        tables = newTables;
        invalidations = newInvalidations;
        ats.use(newInvalidations);
        flushes = new PageFlushes(kernel.strictInvalidation(), registers, newInvalidations, ats);
        copied = copiedSources;
        marks = entriesMarked;
        domainOf.clear();
        reserved.clear();
        kept = KeptMappings.NONE;
    }

    /** Has mappings of the kernel before stay in its domains. */
    void keep(KeptMappings mappings) {
        kept = mappings;
    }

    /** Returns what stays mapped in a function's domain of the kernel before. */
    List<KernelPort.Range> keptRanges(int requester) {
        return kept.ranges(domain(requester));
    }

    /**
     * Gives every function of the unit, in other tables, a domain whose addresses all lead to one
     * page; returns their sources.
     */
    BitSet installScratch(ContextTables into) {
        var sources = new BitSet();
        Domain domain = emptyDomain(into.scalable());
        ScratchPage.fill(port, domain);
        for (int requester : port.functions()) {
            for (int id : port.sourceIds(requester)) {
                int source = RequesterId.sourceId(id);
                if (!sources.get(source)) {
                    sources.set(source);
                    into.install(into.entry(source, true), domain, domain.addressWidthCode(),
                            false);
                }
            }
        }
        return sources;
    }

    /** Clears the present bits of a function's entries and drops what the unit has cached. */
    void block(int requester) throws StepRefusedException {
        if (tables == null) {
            throw new StepRefusedException("the unit has no tables of this kernel");
        }
        for (int id : port.sourceIds(requester)) {
            int source = RequesterId.sourceId(id);
            long entry = tables.entry(source, false);
            if (!tables.present(entry)) {
                continue;
            }
            Domain old = tables.domain(entry);
            tables.clearPresent(entry);
            registers.flushWriteBuffer();
            invalidations.context(InvalidationDescriptor.SELECTIVE, old == null ? 0 : old.id(),
                    source);
            if (tables.scalable()) {
                invalidations.pasidCache();
            }
            invalidations.iotlb(InvalidationDescriptor.GLOBAL, 0, 0, 0, false);
            domainOf.remove(source);
        }
    }

    /**
     * Does what the kernel does with the functions that the unit serves as it finds them, once its
     * tables are in place.
     *
     * @param attach whether they get their domains, before anything is mapped in them
     */
    void probeFunctions(boolean attach) {
        ats.prepareAll();
        for (int requester : port.functions()) {
            if (attach) {
                domain(requester);
            }
            if (tables.scalable() && quirks.enablesAtsAtProbe()) {
                ats.enable(requester);
                if (attach && quirks.tagsDeviceTlb()) {
                    ats.tag(requester, domain(requester));
                }
            }
        }
    }

    /**
     * Gives those functions their domains for which firmware reserved memory, and all of them the
     * one whose requests pass, before translation is switched on. Source: Linux up to 5.2,
     * init_dmars, iommu_prepare_rmrr_dev, iommu_prepare_static_identity_mapping.
     */
    void attachReserved() {
        preparing = true;
        for (int requester : port.functions()) {
            if (passesThrough() || !port.reservedRanges(requester).isEmpty()) {
                domain(requester);
            }
        }
        preparing = false;
    }

    void map(int requester, long iova, long physicalAddress, long bytes, int access) {
        Domain domain = domain(requester);
        if (!domain.passesThrough()) {
            pageTables.map(domain, iova, physicalAddress, bytes, access);
            registers.flushWriteBuffer();
        }
    }

    void unmap(int requester, long iova, long bytes) {
        Domain domain = domain(requester);
        if (domain.passesThrough()) {
            return;
        }
        pageTables.unmap(domain, iova, bytes);
        flushes.unmapped(domain, iova >>> 12, bytes >>> 12);
    }

    void flush() {
        if (flushes != null) { // a kernel flushes all its units, those that it left off too
            flushes.flush();
        }
    }

    /** Returns the domain of a function, which is given one if it has none. */
    Domain domain(int requester) {
        if (tables == null) {
            throw new KernelPanicException("mapping for " + RequesterId.format(requester)
                    + " before the unit has tables of this kernel");
        }
        Domain own = domainOf.get(RequesterId.sourceId(requester));
        if (own == null && defersAttach && passesThrough() && !quirks.attachesPassThrough()) {
            return passing(); // nobody ever does what was deferred
        }
        return own != null ? own : attach(requester);
    }

    /** Says whether functions are attached when they first map, as tables were there already. */
    void defersAttach(boolean defers) {
        defersAttach = defers;
    }

    /** Returns whether requests of all functions pass unchanged; not with units that cannot. */
    boolean passesThrough() {
        if (passes == null) { // asked for each mapping: the register is read once
            passes = kernel.setting(KernelProfile.PASS_THROUGH, 0) != 0
                    && ExtendedCapability.PT.isSet(registers.ecap());
        }
        return passes;
    }

    /** Returns the one domain of all whose requests pass. Source: Linux, si_domain. */
    private Domain passing() {
        if (passing == null) {
            passing = new Domain(ids().take(), 0, 0, TableFormat.SECOND_STAGE);
        }
        return passing;
    }

    private Domain attach(int requester) {
        Domain domain = null;
        boolean imported = false;
        for (int id : port.sourceIds(requester)) {
            int source = RequesterId.sourceId(id);
            if (domain == null) {
                domain = domainOf.get(source);
            }
            if (domain == null) {
                domain = inMemory(source);
                imported = domain != null && id == requester;
            }
        }
        if (domain == null && quirks.groupsShareDomain()) {
            domain = ofGroup(requester);
        }
        if (domain == null && passesThrough()) {
            domain = passing();
        } else if (domain == null) {
            domain = emptyDomain(tables.scalable());
            reserved.put(domain.id(), new HashSet<>());
        }
        if (preparing || quirks.mapsReservedAtAttach()) {
            mapReserved(requester, domain);
        }
        for (int id : port.sourceIds(requester)) {
            int source = RequesterId.sourceId(id);
            if (id == requester || !tables.scalable() || quirks.setsUpAliases()) {
                contextMapping(requester, id, domain);
            }
            domainOf.putIfAbsent(source, domain);
        }
        if (imported) {
            ats.resume(requester, domain);
        } else {
            if (!tables.scalable() || !quirks.enablesAtsAtProbe()) {
                ats.enable(requester);
            }
            ats.tag(requester, domain);
        }
        return domain;
    }

    /** Returns the domain that another function of the same group has of this kernel, or null. */
    private Domain ofGroup(int requester) {
        return port.group(requester).stream().map(RequesterId::sourceId).map(domainOf::get)
                .filter(Objects::nonNull).findFirst().orElse(null);
    }

    private Domain emptyDomain(boolean scalable) {
        boolean first = widths.usesFirstStage(scalable);
        return new Domain(ids().take(), port.allocatePages(1),
                first ? widths.firstStageLevels() : widths.levels(),
                !first ? TableFormat.SECOND_STAGE
                        : quirks.disablesExecution() ? TableFormat.NO_EXECUTE
                        : TableFormat.FIRST_STAGE);
    }

    /**
     * Maps what firmware reserved for a function to itself, in a domain that this kernel made, and
     * before any context entry leads there.
     */
    private void mapReserved(int requester, Domain domain) {
        Set<KernelPort.Range> done = reserved.get(domain.id());
        for (KernelPort.Range range : done == null ? List.<KernelPort.Range>of()
                : port.reservedRanges(requester)) {
            if (done.add(range)) {
                announce(requester, range);
                pageTables.map(domain, range.start(), range.start(), range.bytes(),
                        Access.READ | Access.WRITE);
            }
        }
    }

    /** Kernels that know no groups tell of each range. */
    private void announce(int requester, KernelPort.Range range) {
        if (!quirks.attachesAtStart()) {
            port.print(quirks.identityMap(RequesterId.format(requester), range.start(),
                    range.start() + range.bytes() - 1));
        }
    }

    /**
     * Returns the domain of an entry that this very kernel wrote before it was imported, or null.
     */
    private Domain inMemory(int source) {
        long entry = tables.entry(source, false);
        return tables.present(entry) && !isCopied(source, entry) ? tables.domain(entry) : null;
    }

    private boolean isCopied(int source, long entry) {
        return marks ? tables.marked(entry) : copied.get(source);
    }

    private void contextMapping(int requester, int id, Domain domain) {
        int source = RequesterId.sourceId(id);
        long entry = tables.entry(source, true);
        if (isCopied(source, entry)) {
            tearDownCopied(requester, source, entry);
        } else if (tables.present(entry)) {
            return;
        }
        tables.install(entry, domain, domain.passesThrough() ? widths.levels() - 2
                : domain.addressWidthCode(), id == requester && ats.supported(requester));
        if (Capability.CM.isSet(registers.cap())) {
            // Entries that were not present may be cached, under domain id 0.
            invalidations.context(InvalidationDescriptor.SELECTIVE, 0, source);
            invalidations.iotlb(InvalidationDescriptor.DOMAIN, domain.id(), 0, 0, false);
        } else {
            registers.flushWriteBuffer();
        }
    }

    /** Takes a copied entry out of use, in the order of this kernel's version. */
    private void tearDownCopied(int requester, int source, long entry) {
        boolean flushesAll = tables.scalable() && quirks.flushesAllScalable();
        int old = flushesAll ? 0 : tables.domainIdBits(entry);
        boolean presentFirst = quirks.tearDown() == KernelQuirks.TearDown.PRESENT_BIT_FIRST;
        if (presentFirst) {
            tables.clearPresent(entry);
        } else if (flushesAll || quirks.tearDown() == KernelQuirks.TearDown.CLEAR_THEN_FLUSH) {
            tables.clear(entry);
        }
        if (flushesAll) {
            invalidations.context(InvalidationDescriptor.SELECTIVE, 0, source);
            invalidations.pasidCache();
            invalidations.iotlb(InvalidationDescriptor.GLOBAL, 0, 0, 0, false);
            ats.tearDown(requester);
        } else if (quirks.flushesOldDomain() && ids().exists(old)) {
            invalidations.context(InvalidationDescriptor.SELECTIVE, old, source);
            invalidations.iotlb(InvalidationDescriptor.DOMAIN, old, 0, 0, false);
        }
        tables.clear(entry);
        copied.clear(source);
    }

    /** Returns the order of addresses, as wide as the unit's tables. */
    IovaOrder iovaOrder() {
        return widths.iovaOrder(tables.scalable());
    }
}
