// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.machine.DriverMemory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Message;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.trace.EventKind;
import iommu.api.unit.DmaOps;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import kdump.lab.engine.bus.DeviceGroups;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.NoAnswerException;

/**
 * What a kernel does with remapping units whatever their vendor: which unit and which addresses a
 * function gets, what is reserved, when unmapped addresses come back. One thread.
 *
 * <p>Source: Linux, iommu.c, dma-iommu.c, iova.c.
 */
public final class IommuCore implements DmaOps {

    /** Where no unit of this kernel translates. */
    private static final DmaOps DIRECT = new DirectDma();

    private final Machine machine;
    private final KernelProfile profile;
    private final List<UnitSlot> units = new ArrayList<>();
    private final IovaSpaces spaces;
    private final Map<IovaAllocator, Set<AddressRange>> identityMapped = new HashMap<>();
    private final BitSet passThrough = new BitSet();
    private final BitSet mapped = new BitSet();
    /** Functions whose drivers set a DMA mask of 64 bits. */
    private final Set<Integer> wide;
    private final FlushQueue flushQueue;
    /** Null before anybody asks. */
    private DeviceGroups groups;
    private Set<Integer> guests = Set.of();
    private Set<Integer> freesElsewhere = Set.of();
    private IntConsumer firstMap = requester -> { };
    /** Addresses are those of memory, once a function has a domain that has its requests pass. */
    private final DmaOps passThroughOps = new FirstMapDma(DIRECT, this::joinPassThrough);
    /** Of units whose drivers have a way of their own, by index. */
    private final Map<Integer, DmaOps> ownOps = new HashMap<>();
    /** What functions map by that no unit of this kernel translates for. */
    private DmaOps withoutUnit = DIRECT;

    IommuCore(Kernel kernel, Machine machine, KernelProfile profile,
            IovaInUse iovaInUse, Set<Integer> passThrough) {
        this.machine = machine;
        this.profile = profile;
        spaces = new IovaSpaces(machine, iovaInUse, profile.version().atLeast(4, 7));
        passThrough.forEach(this.passThrough::set);
        wide = machine.description().functions().stream()
                .filter(f -> DmaMask.bits(f) == DmaMask.WIDE)
                .map(FunctionConfig::requesterId).collect(Collectors.toSet());
        flushQueue = new FlushQueue(machine.queue(), profile.lazyFlushNanos(), () -> {
            if (!kernel.isStopped()) {
                units.forEach(unit -> unit.driver().flush());
            }
        });
        for (int i = 0; i < machine.units().size(); i++) {
            IommuVendor vendor = machine.vendor(i);
            UnitDriver driver = NoAnswerException.checked(vendor.driver(profile,
                    new EngineKernelPort(kernel, machine, i)), vendor, "a driver");
            int unit = i;
            // What the code spends on every function that the unit serves.
            units.add(new UnitSlot(driver, () -> kernel.spend(profile.costs().unitSetup()),
                    () -> kernel.spend(profile.costs().deviceDomainSetup()
                    * machine.fabric().functions().stream()
                            .filter(f -> machine.description().unitOf(f.alias()) == unit)
                            .count())));
        }
    }

    /** Returns whether this kernel has ports send requests between functions up to any unit. */
    public boolean wantsAccessControl() {
        return units.stream().anyMatch(unit -> unit.driver().wantsAccessControl());
    }

    /** Returns the functions of one's group, itself among them; known from the first call on. */
    List<Integer> group(int requester) {
        if (groups == null) {
            groups = new DeviceGroups(machine.functionsThere().stream()
                    .map(f -> machine.config(f.requesterId())).toList(),
                    machine.fabric()::function);
        }
        return groups.of(requester);
    }

    /** Returns the units, by index. */
    public List<UnitSlot> units() {
        return units;
    }

    /**
     * Has functions map by the best way that this kernel has without a unit: called as it boots, if
     * it has any units it takes over later, or none that are on.
     */
    void findWayWithoutUnit(KernelPort port) {
        for (DmaOpsFactory factory : machine.waysToMap()) {
            DmaOps ops = factory.dmaOps(profile, port);
            if (ops != null) {
                withoutUnit = ops;
                return;
            }
        }
    }

    /** Says which functions this kernel has given to a guest. */
    public void guests(Set<Integer> requesters) {
        guests = Set.copyOf(requesters);
    }

    /**
     * Says of which functions what is unmapped is given back by another processor than the one that
     * maps: its addresses are kept there, and not given out again for a while.
     *
     * <p>Source: Linux, iova.c, iova_rcache_insert, of each processor since 4.7 (9257b4a206fc).
     */
    public void freesElsewhere(Set<Integer> requesters) {
        freesElsewhere = Set.copyOf(requesters);
    }

    /** Has {@code listener} told before a function's first mapping. */
    public void onFirstMap(IntConsumer listener) {
        firstMap = listener;
    }

    /** Returns whether this kernel maps a function's DMA in tables of a unit. */
    @Override
    public boolean mapsDma(PciFunction function) {
        DmaOps ops = opsFor(function);
        return ops == this || ops.mapsDma(function);
    }

    /** Returns whether it has a way to map some memory of a function in tables of a unit. */
    boolean mayMap(PciFunction function) {
        return unitOf(function) != null;
    }

    /** Returns how this kernel makes memory reachable for a function. */
    DmaOps opsFor(PciFunction function) {
        UnitSlot slot = unitOf(function);
        if (slot == null) {
            return passesThrough(function) ? passThroughOps : withoutUnit;
        }
        return slot.driver().dmaOps() == null ? this : ownOps.computeIfAbsent(
                machine.description().unitOf(function.alias()),
                unit -> new FirstMapDma(slot.driver().dmaOps(), this::maps));
    }

    /** Tells of a function's first mapping; returns whether this is it. */
    private boolean maps(PciFunction function) {
        boolean first = !mapped.get(function.requesterId());
        if (first) {
            mapped.set(function.requesterId());
            firstMap.accept(function.requesterId());
        }
        return first;
    }

    private void joinPassThrough(PciFunction function) {
        if (maps(function)) {
            units.get(machine.description().unitOf(function.alias())).driver()
                    .domain(function.requesterId());
        }
    }

    private boolean passesThrough(PciFunction function) {
        int unit = machine.description().unitOf(function.alias());
        return unit >= 0 && units.get(unit).isManaged()
                && units.get(unit).driver().passesThrough();
    }

    @Override
    public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        maps(function);
        long page = physicalAddress & -PhysicalMemory.PAGE_BYTES;
        int pages = pages(physicalAddress, bytes);
        long iova = space(function).allocate(pages, sizeAligned(pages), isWide(function));
        int event = machine.trace().append(EventKind.MAP, function.requesterId(), iova, page);
        int before = machine.trace().enter(event);
        unitOf(function).driver().map(function.requesterId(), iova, page,
                (long) pages * PhysicalMemory.PAGE_BYTES, access);
        machine.trace().leave(before);
        return new DmaBuffer(iova + physicalAddress - page, physicalAddress, bytes);
    }

    /**
     * Maps adjacent pages of memory to adjacent addresses, in large pages if the unit has them.
     *
     * @param physicalAddress a multiple of 2 MiB
     * @param bytes likewise
     */
    DmaBuffer mapRange(PciFunction function, long physicalAddress, long bytes, int access) {
        if (opsFor(function) != this) {
            return opsFor(function).map(function, physicalAddress, (int) bytes, access);
        }
        long iova = space(function).allocate((int) (bytes / PhysicalMemory.PAGE_BYTES),
                (int) (DriverMemory.LARGE_BYTES / PhysicalMemory.PAGE_BYTES), isWide(function));
        unitOf(function).driver().map(function.requesterId(), iova, physicalAddress, bytes, access);
        return new DmaBuffer(iova, physicalAddress, (int) Math.min(bytes, Integer.MAX_VALUE));
    }

    /**
     * Maps memory of a guest at its address there, as what the guest's driver tells its device are
     * addresses of the guest.
     *
     * <p>Source: Linux, vfio_iommu_map of type 1: iova is what user space says, which is the
     * guest-physical address.
     */
    void mapGuest(PciFunction function, long guestAddress, long physicalAddress, long bytes) {
        unitOf(function).driver().map(function.requesterId(), guestAddress, physicalAddress,
                bytes, Access.READ | Access.WRITE);
    }

    boolean isGuest(PciFunction function) {
        return guests.contains(function.requesterId());
    }

    @Override
    public void unmap(PciFunction function, DmaBuffer buffer) {
        long page = buffer.iova() & -PhysicalMemory.PAGE_BYTES;
        int event = machine.trace().append(EventKind.UNMAP, function.requesterId(), page, 0);
        int before = machine.trace().enter(event);
        int pages = pages(buffer.iova(), buffer.bytes());
        unitOf(function).driver().unmap(function.requesterId(), page,
                (long) pages * PhysicalMemory.PAGE_BYTES);
        machine.trace().leave(before);
        if (freesElsewhere.contains(function.requesterId())) {
            return;
        }
        IovaAllocator space = space(function);
        if (profile.strictInvalidation()) {
            space.free(page, pages);
        } else {
            flushQueue.add(space, page, pages);
        }
    }

    private static int pages(long address, int bytes) {
        long offset = address & PhysicalMemory.PAGE_BYTES - 1;
        return (int) ((offset + bytes + PhysicalMemory.PAGE_BYTES - 1)
                / PhysicalMemory.PAGE_BYTES);
    }

    /**
     * Returns what addresses are aligned to.
     *
     * <p>Source: Linux, iommu_dma_alloc_iova: alloc_iova with size_aligned.
     */
    private static int sizeAligned(int pages) {
        return pages == 1 ? 1 : Integer.highestOneBit(pages - 1) << 1;
    }

    /**
     * Gives an interrupt of a function an entry of this kernel's interrupt table.
     *
     * @return the message that leads to it; null if no table of this kernel serves the function
     */
    Message interruptMessage(PciFunction function, int vector) {
        int unit = machine.description().unitOf(function.alias());
        return unit < 0 ? null
                : units.get(unit).driver().interruptMessage(function.requesterId(), vector);
    }

    /** Keeps a range from being given out to any function. */
    public void reserveIova(AddressRange range) {
        spaces.reserve(range);
        units.stream().filter(UnitSlot::isManaged).map(unit -> unit.driver().dmaOps())
                .filter(Objects::nonNull).forEach(ops -> ops.reserve(range));
    }

    /**
     * Maps a range to itself for a function; once for all functions of one domain.
     *
     * @throws StepRefusedException if the function's requests do not go through tables of this
     *     kernel
     */
    @Override
    public void identityMap(PciFunction function, AddressRange range)
            throws StepRefusedException {
        UnitSlot unit = mapping(function);
        if (guests.contains(function.requesterId())) {
            throw new StepRefusedException(RequesterId.format(function.requesterId())
                    + " is a guest's: addresses from 0x" + Long.toHexString(range.start())
                    + " on are those of the guest's memory, and nobody else's to map");
        }
        if (opsFor(function) != this) {
            opsFor(function).identityMap(function, range);
            return;
        }
        IovaAllocator space = space(function);
        if (identityMapped.computeIfAbsent(space, s -> new HashSet<>()).add(range)) {
            unit.driver().map(function.requesterId(), range.start(), range.start(),
                    range.bytes(), Access.READ | Access.WRITE);
        }
    }

    /**
     * Blocks the DMA of a function until its driver maps next.
     *
     * @throws StepRefusedException if the function's requests do not go through tables of this
     *     kernel, or the unit's code cannot do it
     */
    public void block(PciFunction function) throws StepRefusedException {
        mapping(function).driver().block(function.requesterId());
    }

    private UnitSlot mapping(PciFunction function) throws StepRefusedException {
        UnitSlot unit = unitOf(function);
        if (unit == null) {
            throw new StepRefusedException("no table of this kernel maps the requests of "
                    + RequesterId.format(function.requesterId()));
        }
        return unit;
    }

    /** Returns the addresses of a function's domain, which it is given first if it has none. */
    private IovaAllocator space(PciFunction function) {
        UnitDriver driver = unitOf(function).driver();
        int domain = driver.domain(function.requesterId());
        return spaces.of(machine.description().unitOf(function.alias()), domain, function, driver);
    }

    private boolean isWide(PciFunction function) {
        return wide.contains(function.requesterId());
    }

    /** Returns the unit that this kernel maps a function's DMA in; null if it goes direct. */
    private UnitSlot unitOf(PciFunction function) {
        int unit = machine.description().unitOf(function.alias());
        if (unit < 0 || !units.get(unit).isManaged()
                || units.get(unit).driver().passesThrough()
                || passThrough.get(function.alias())) {
            return null;
        }
        return units.get(unit);
    }
}
