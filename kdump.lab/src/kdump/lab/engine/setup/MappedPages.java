// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.engine.kernel.IovaInUse;

/**
 * What the tables of a captured machine say about it: which frames they reach, which addresses are
 * in use, and which pages each requester could do DMA to. One thread.
 */
final class MappedPages {

    private static final PageSample NONE = new PageSample();

    private final MachineDescription description;
    private final PhysicalMemory memory;
    private final List<AddressRange> systemRam;
    private final BitSet structures = new BitSet();
    private final BitSet mappedFrames = new BitSet();
    private final BitSet captured = new BitSet();
    private final IovaInUse mappedIova = new IovaInUse();
    private final Map<Integer, PageSample> writable = new HashMap<>();
    private final Map<Integer, PageSample> readable = new HashMap<>();
    private final Map<Integer, PageSample> writeOnly = new HashMap<>();
    private final Map<Integer, PageSample> identity = new HashMap<>();
    private final Set<Integer> passThrough = new HashSet<>();
    private final Map<Integer, Long> identityBytes = new HashMap<>();
    private final Set<Integer> translated = new HashSet<>();
    /** Units whose tables translate nothing. */
    private final Set<Integer> off = new HashSet<>();
    private final Map<Integer, RemappingUnit> units = new HashMap<>();

    MappedPages(MachineDescription description, PhysicalMemory memory) {
        this.description = description;
        this.memory = memory;
        this.systemRam = description.memoryMap().ranges(MemoryKind.SYSTEM_RAM);
        for (AddressRange range : description.image().ranges()) {
            mark(captured, range.start(), range.bytes());
        }
    }

    /** Hears what a unit's tables hold; a unit that is off translates nothing all the same. */
    void look(int index, RemappingUnit unit) {
        units.put(index, unit);
        if (!unit.translating()) {
            off.add(index);
        }
        unit.mappings(of(index));
    }

    /** Returns what hears the tables of a unit: they know no segment. */
    MappingVisitor of(int unit) {
        int segment = description.units().get(unit).segment() << 16;
        return new MappingVisitor() {
            @Override
            public void mapping(int source, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                int requester = segment | source;
                mappedIova.add(unit, requester, domainId, AddressRange.of(iova, bytes));
                MappedPages.this.mapping(requester, iova, physicalAddress, bytes, access);
            }

            @Override
            public void structure(long physicalAddress, long bytes) {
                mark(structures, physicalAddress, bytes);
            }

            @Override
            public void passThrough(int source, int domainId) {
                passThrough.add(segment | source);
            }
        };
    }

    private void mapping(int requester, long iova, long physicalAddress, long bytes, int access) {
        boolean toItself = iova == physicalAddress;
        if (toItself) {
            identityBytes.merge(requester, bytes, Long::sum);
        } else {
            mark(mappedFrames, physicalAddress, bytes);
            translated.add(requester);
        }
        boolean reads = (access & Access.READ) != 0;
        boolean writes = (access & Access.WRITE) != 0;
        if ((reads || writes && !toItself) && usable(physicalAddress)) {
            var kind = toItself ? identity : !reads ? writeOnly : writes ? writable : readable;
            if (!toItself || writes) {
                kind.computeIfAbsent(requester, r -> new PageSample())
                        .add(new DmaBuffer(iova, physicalAddress, 4096));
            }
        }
    }

    private static void mark(BitSet frames, long physicalAddress, long bytes) {
        if (Long.compareUnsigned(physicalAddress, PhysicalMemory.MAX_BYTES) < 0) {
            // a table may name a page of 2^63 bytes
            long room = PhysicalMemory.MAX_BYTES - physicalAddress;
            long end = Long.compareUnsigned(bytes, room) >= 0 ? PhysicalMemory.MAX_BYTES
                    : Math.min(PhysicalMemory.MAX_BYTES, physicalAddress + bytes + 4095);
            frames.set((int) (physicalAddress >>> 12), (int) (end >>> 12));
        }
    }

    /** A buffer lies in System RAM and leaves the first 16 MiB to firmware's users. */
    private boolean usable(long physicalAddress) {
        return description.memoryMap().kindAt(physicalAddress) == MemoryKind.SYSTEM_RAM
                && memory.contains(physicalAddress, 4096) && physicalAddress >= 1L << 24;
    }

    List<AddressRange> systemRam() {
        return systemRam;
    }

    /** Returns the frames that hold structures of the units, or that a mapping reaches. */
    BitSet reachedFrames() {
        BitSet reached = (BitSet) structures.clone();
        reached.or(mappedFrames);
        return reached;
    }

    /** Returns the frames that are reached or captured. */
    BitSet usedFrames() {
        BitSet used = reachedFrames();
        used.or(captured);
        return used;
    }

    IovaInUse mappedIova() {
        return mappedIova;
    }

    /**
     * Returns the aliases that the captured kernel maps nothing for: they pass through, or tables
     * map all of System RAM to itself for them and nothing else (iommu=pt without machine for it).
     */
    Set<Integer> unmapped() {
        long ram = systemRam.stream().mapToLong(
                r -> (r.end() >>> 12) - (r.start() + 4095 >>> 12) << 12).sum();
        var found = new HashSet<>(passThrough);
        identityBytes.forEach((alias, bytes) -> {
            if (bytes >= ram && !translated.contains(alias)) {
                found.add(alias);
            }
        });
        return found;
    }

    /** Returns the id under which the table is told that translates for an alias. */
    private int table(int alias) {
        RemappingUnit unit = units.get(description.unitOf(alias));
        return unit == null ? alias : unit.tableOf(alias);
    }

    /** Returns pages that requests of an alias may read and write, in table order. */
    List<DmaBuffer> writable(int alias) {
        List<DmaBuffer> pages = besideStructures(writable.getOrDefault(table(alias), NONE).pages());
        return !pages.isEmpty() ? pages
                : besideStructures(identity.getOrDefault(table(alias), NONE).pages());
    }

    /** Returns pages that requests of an alias may read only. */
    List<DmaBuffer> readable(int alias) {
        return besideStructures(readable.getOrDefault(table(alias), NONE).pages());
    }

    /** Returns pages that requests of an alias may write only. */
    List<DmaBuffer> writeOnly(int alias) {
        return besideStructures(writeOnly.getOrDefault(table(alias), NONE).pages());
    }

    private List<DmaBuffer> besideStructures(List<DmaBuffer> pages) {
        return pages.stream().filter(p -> !structures.get((int) (p.physicalAddress() >>> 12)))
                .toList();
    }

    /**
     * Returns whether requests of an alias reach memory unchanged: no unit, one that is off, or
     * passed through.
     */
    boolean isDirect(int alias) {
        int unit = description.unitOf(alias);
        return unit < 0 || off.contains(unit) || passThrough.contains(table(alias));
    }
}
