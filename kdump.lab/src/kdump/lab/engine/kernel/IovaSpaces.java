// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.PciFunction;
import iommu.api.unit.IovaOrder;
import iommu.api.unit.KernelPort;
import iommu.api.unit.UnitDriver;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.engine.bus.DeviceAddresses;
import kdump.lab.engine.machine.Machine;

/**
 * The I/O virtual address spaces of one kernel: one a domain, so that functions that share tables
 * are never given an address twice. One thread.
 *
 * <p>Source: Linux, dma-iommu.c, struct iommu_dma_cookie, iova_reserve_iommu_regions and
 * iova_reserve_pci_windows; before that code, dmar_init_reserved_ranges and
 * init_reserved_iova_ranges.
 */
final class IovaSpaces {

    /** The addresses, and the functions whose reserved ones are taken out of them. */
    private record Space(IovaAllocator addresses, Set<PciFunction> members) { }

    private final Machine machine;
    private final IovaInUse inUse;
    private final boolean caches;
    /** By unit and domain. */
    private final Map<Integer, Map<Integer, Space>> spaces = new HashMap<>();
    private final List<AddressRange> reserved = new ArrayList<>();
    private final Map<IovaOrder.Spared, List<AddressRange>> spared =
            new EnumMap<>(IovaOrder.Spared.class);

    /** @param caches as {@link IovaAllocator} has it */
    IovaSpaces(Machine machine, IovaInUse inUse, boolean caches) {
        this.caches = caches;
        this.machine = machine;
        this.inUse = inUse;
    }

    /**
     * Returns the addresses of a domain of a unit, to which a function is attached.
     *
     * @param driver says in which order they are given out, if the domain is new
     */
    IovaAllocator of(int unit, int domain, PciFunction function, UnitDriver driver) {
        Map<Integer, Space> ofUnit = spaces.computeIfAbsent(unit, u -> new HashMap<>());
        Space space = ofUnit.get(domain);
        if (space == null) {
            space = empty(driver.iovaOrder(function.requesterId()));
            for (KernelPort.Range kept : driver.keptRanges(function.requesterId())) {
                space.addresses.reserve(kept.start(), kept.bytes());
            }
            ofUnit.put(domain, space);
        }
        if (!space.members.contains(function)) {
            join(unit, function, space);
        }
        return space.addresses;
    }

    private Space empty(IovaOrder order) {
        var addresses = new IovaAllocator(machine.platform().messages(), order,
                caches);
        reserved.forEach(r -> addresses.reserve(r.start(), r.bytes()));
        spared.computeIfAbsent(order.spared(), this::spare)
                .forEach(addresses::spare);
        return new Space(addresses, new HashSet<>());
    }

    private List<AddressRange> spare(IovaOrder.Spared which) {
        return switch (which) {
            case NONE -> List.of();
            case FUNCTIONS -> DeviceAddresses.ofFunctions(machine.functionsThere(),
                    machine::config);
            case WINDOWS -> DeviceAddresses.window(machine.description().memoryMap(),
                    machine.platform().windowEnd());
        };
    }

    /**
     * Takes out what is reserved for a function and in use in its captured domain, and likewise for
     * those that will be in this domain too: before any address is given out that is theirs.
     */
    private void join(int unit, PciFunction function, Space space) {
        Set<Integer> ids = inUse.sharers(unit,
                List.of(function.requesterId(), function.alias()));
        List<AddressRange> mapped = inUse.ranges(unit, ids);
        mapped.forEach(r -> space.addresses.reserve(r.start(), r.bytes()));
        goOnBelow(mapped, space);
        machine.fabric().functions().stream()
                .filter(f -> ids.contains(f.requesterId()) || ids.contains(f.alias()))
                .filter(f -> space.members.add(f))
                .flatMap(f -> machine.description().reservedFor(f.requesterId()).stream())
                .forEach(space.addresses::spare);
        space.members.add(function);
    }

    /**
     * Has a kernel that was captured go on below the highest address that it had mapped below
     * 4 GiB: what it had free above that at the crash was free then, and has to be so here.
     */
    private void goOnBelow(List<AddressRange> mapped, Space space) {
        mapped.stream()
                .filter(r -> Long.compareUnsigned(r.end() - 1, IovaAllocator.LOW_BYTES) < 0)
                .filter(r -> machine.description().reservedRegions().stream()
                        .noneMatch(firmware -> firmware.range().contains(r.start())))
                .mapToLong(AddressRange::end).max()
                .ifPresent(space.addresses::beginBelow);
    }

    /** Keeps a range from being given out in any space. */
    void reserve(AddressRange range) {
        reserved.add(range);
        spaces.values().forEach(ofUnit -> ofUnit.values().forEach(
                space -> space.addresses.reserve(range.start(), range.bytes())));
    }
}
