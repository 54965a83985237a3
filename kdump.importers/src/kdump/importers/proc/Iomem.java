// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.TextFile;

/**
 * What /proc/iomem says about memory.
 *
 * @param map what answers where
 * @param crashReservations the lines "Crash kernel", by address; empty if there is none
 */
public record Iomem(MemoryMap map, List<AddressRange> crashReservations) {

    /** Most bytes: some twenty times what a large server prints. */
    public static final int MAX_BYTES = 1 << 20;

    /** Copies the list. */
    public Iomem {
        crashReservations = List.copyOf(crashReservations);
    }

    /**
     * A range and what /proc/iomem would call it.
     *
     * @param range not empty
     * @param label such as "System RAM"
     */
    public record Region(AddressRange range, String label) { }

    /**
     * Returns whether /proc/iomem was read without root: the kernel shows zeros then where RAM is.
     */
    public static boolean isHidden(TextFile text) {
        List<String> ram = text.lines().stream().filter(l -> l.endsWith(": System RAM")).toList();
        return !ram.isEmpty() && ram.stream().allMatch(l -> l.matches("0+-0+ : System RAM"));
    }

    /** Returns the ranges that are named Reserved, whatever lies in them, by address. */
    public static List<AddressRange> reserved(TextFile text) throws FormatException {
        return new IomemReader(text).read().stream()
                .filter(l -> l.label().equalsIgnoreCase("Reserved")).map(IomemLine::range)
                .toList();
    }

    /**
     * Takes what firmware told a kernel of memory, by the same rule.
     *
     * @param name of the file, for messages
     * @param regions by address, none overlaps another
     * @param reservations for a capture kernel; those outside System RAM are left out
     */
    public static Iomem ofFirmware(String name, List<Region> regions,
            List<AddressRange> reservations) throws FormatException {
        List<IomemLine> lines = new ArrayList<>();
        for (Region region : regions) {
            lines.add(new IomemLine(0, -1, region.range(), region.label()));
        }
        MemoryMap map = new IomemRule(new TextFile(name, List.of("")), lines).apply().map();
        return new Iomem(map, reservations.stream().filter(r -> map.ranges(MemoryKind.SYSTEM_RAM)
                .stream().anyMatch(ram -> ram.contains(r.start(), r.bytes()))).toList());
    }

    /** Reads the text of /proc/iomem. */
    public static Iomem read(TextFile text) throws FormatException {
        return new IomemRule(text, new IomemReader(text).read()).apply();
    }
}
