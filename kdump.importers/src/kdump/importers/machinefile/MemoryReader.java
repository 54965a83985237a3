// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;

/** Reads what answers where, and where the capture kernel goes. */
final class MemoryReader {

    static final long HIGHEST = 1L << 52;
    private static final Set<String> REGION = Set.of("start", "bytes", "kind", "label");
    private static final int MOST_REGIONS = 4096;
    private static final Map<String, MemoryKind> KINDS = Map.of("ram", MemoryKind.SYSTEM_RAM,
            "reserved", MemoryKind.FIRMWARE_RAM, "rom", MemoryKind.ROM, "mmio", MemoryKind.MMIO);
    private static final Map<MemoryKind, String> LABELS = Map.of(
            MemoryKind.SYSTEM_RAM, "System RAM", MemoryKind.FIRMWARE_RAM, "Reserved",
            MemoryKind.ROM, "System ROM", MemoryKind.MMIO, "");

    private final Node root;

    MemoryReader(Node root) {
        this.root = root;
    }

    /** Returns the range of whole pages that a node tells. */
    static AddressRange pages(Node node) throws FormatException {
        AddressRange range = range(node);
        if ((range.start() | range.end()) % PhysicalMemory.PAGE_BYTES != 0) {
            throw node.wrong("whole pages");
        }
        return range;
    }

    private static AddressRange range(Node node) throws FormatException {
        long start = node.required("start").number(0, HIGHEST - 1);
        return AddressRange.of(start, node.required("bytes").number(1, HIGHEST - start));
    }

    static boolean isRam(MemoryMap.Region region) {
        return region.kind() == MemoryKind.SYSTEM_RAM || region.kind() == MemoryKind.FIRMWARE_RAM;
    }

    static String word(MemoryKind kind) {
        return KINDS.entrySet().stream().filter(e -> e.getValue() == kind).findFirst()
                .orElseThrow().getKey();
    }

    static String label(MemoryKind kind) {
        return LABELS.get(kind);
    }

    MemoryMap map() throws FormatException {
        var regions = new ArrayList<MemoryMap.Region>();
        long backed = 0;
        for (Node node : root.list("memory")) {
            Node word = node.only(REGION).required("kind");
            MemoryKind kind = KINDS.get(word.string());
            if (kind == null) {
                throw word.wrong("ram, reserved, rom or mmio");
            }
            AddressRange range = range(node);
            regions.add(new MemoryMap.Region(range, kind, node.string("label", label(kind))));
            if (kind != MemoryKind.MMIO && range.end() > PhysicalMemory.MAX_BYTES) {
                throw node.wrong("memory below 0x" + Long.toHexString(PhysicalMemory.MAX_BYTES));
            }
            backed += kind == MemoryKind.MMIO ? 0 : range.bytes();
            if (backed > PhysicalMemory.MAX_BYTES / 2 || regions.size() > MOST_REGIONS) {
                throw node.wrong("at most " + MOST_REGIONS + " ranges and 0x"
                        + Long.toHexString(PhysicalMemory.MAX_BYTES / 2) + " bytes of memory");
            }
        }
        if (regions.isEmpty()) {
            throw root.wrong("memory");
        }
        try {
            return new MemoryMap(regions);
        } catch (IllegalArgumentException e) {
            throw root.required("memory").wrong("ranges apart: " + e.getMessage());
        }
    }

    /** Returns the reservation that is given by its place; null if it is not. */
    AddressRange reservation(MemoryMap map) throws FormatException {
        Node node = root.member("crashkernel");
        if (node == null || node.text() != null) {
            return null;
        }
        AddressRange range = pages(node.only(Set.of("start", "bytes")));
        if (map.ranges(MemoryKind.SYSTEM_RAM).stream()
                .noneMatch(r -> r.contains(range.start(), range.bytes()))) {
            throw node.wrong("a place within one range of ram");
        }
        return range;
    }
}
