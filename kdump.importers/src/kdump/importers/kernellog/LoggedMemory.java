// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.proc.Iomem;

/**
 * Reads from a kernel's log the memory map that firmware gave it, and where it reserved memory for
 * a capture kernel.
 *
 * <p>Source: Linux, arch/x86/kernel/e820.c, setup.c and kernel/crash_core.c, messages of 2.6.32 to
 * 7.3.
 */
public final class LoggedMemory {

    /** More entries than kernels take: 128, and three for each node. */
    private static final int MOST_ENTRIES = 2048;
    private static final long HIGHEST = 1L << 52;
    private static final long MIB = 1L << 20;

    private static final Pattern ENTRY = Pattern.compile(
            "BIOS-e820: \\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\\] +(\\S.*)");
    private static final Pattern OLD_ENTRY = Pattern.compile(
            " ?BIOS-e820: ([0-9a-f]{1,16}) - ([0-9a-f]{1,16}) \\((.*)\\)");
    private static final Pattern RESERVED = Pattern.compile(
            "crashkernel (?:low memory )?reserved: 0x([0-9a-f]{1,16}) - 0x([0-9a-f]{1,16}) .*");
    private static final Pattern RESERVING = Pattern.compile("Reserving (\\d{1,9})MB of (?:low )?"
            + "memory at (\\d{1,9})MB for crashkernel .*");

    private final List<Entry> entries = new ArrayList<>();
    private final List<AddressRange> reservations = new ArrayList<>();

    private record Entry(AddressRange range, String label) { }

    private LoggedMemory() { }

    /**
     * Returns the memory map, and the reservations within System RAM.
     *
     * @return null if the log has no memory map
     * @throws FormatException if the map is larger than any that is simulated
     */
    public static Iomem read(KernelLog log) throws FormatException {
        LoggedMemory memory = new LoggedMemory();
        log.messages().forEach(memory::message);
        if (memory.entries.stream().noneMatch(e -> e.label().equals("System RAM"))) {
            return null;
        }
        return Iomem.ofFirmware(log.name(), memory.regions(), memory.reservations);
    }

    private void message(String message) {
        Matcher m = ENTRY.matcher(message);
        if (m.matches()) {
            add(m.group(1), m.group(2), 1, m.group(3));
            return;
        }
        m = OLD_ENTRY.matcher(message);
        if (m.matches()) {
            add(m.group(1), m.group(2), 0, m.group(3));
            return;
        }
        m = RESERVED.matcher(message);
        if (m.matches()) {
            reserve(range(m.group(1), m.group(2), 0));
            return;
        }
        m = RESERVING.matcher(message);
        if (m.matches()) {
            long start = Long.parseLong(m.group(2)) * MIB;
            long bytes = Long.parseLong(m.group(1)) * MIB;
            reserve(bytes == 0 ? null : AddressRange.of(start, bytes));
        }
    }

    private void reserve(AddressRange range) {
        if (range != null) {
            reservations.add(range);
        }
    }

    private void add(String first, String last, int inclusive, String kind) {
        AddressRange range = range(first, last, inclusive);
        if (range != null && entries.size() < MOST_ENTRIES) {
            entries.add(new Entry(range, label(kind.strip())));
        }
    }

    private static AddressRange range(String first, String last, int inclusive) {
        long start = Long.parseUnsignedLong(first, 16);
        long end = Long.parseUnsignedLong(last, 16) + inclusive;
        return start < 0 || end <= start || end > HIGHEST ? null : new AddressRange(start, end);
    }

    /** What /proc/iomem calls it. */
    private static String label(String kind) {
        return switch (kind) {
            case "usable", "System RAM" -> "System RAM";
            case "ACPI data" -> "ACPI Tables";
            case "ACPI NVS" -> "ACPI Non-volatile Storage";
            default -> "Reserved";
        };
    }

    /** Entries may overlap: what is not RAM counts then, as for the kernel. */
    private List<Iomem.Region> regions() {
        TreeSet<Long> bounds = new TreeSet<>();
        for (Entry entry : entries) {
            bounds.add(entry.range().start());
            bounds.add(entry.range().end());
        }
        List<Iomem.Region> regions = new ArrayList<>();
        Long from = null;
        for (long to : bounds) {
            String label = from == null ? null : at(from);
            if (label != null) {
                append(regions, new AddressRange(from, to), label);
            }
            from = to;
        }
        return regions;
    }

    private String at(long address) {
        String found = null;
        for (Entry entry : entries) {
            if (entry.range().contains(address)
                    && (found == null || found.equals("System RAM"))) {
                found = entry.label();
            }
        }
        return found;
    }

    private static void append(List<Iomem.Region> regions, AddressRange range, String label) {
        int last = regions.size() - 1;
        if (last >= 0 && regions.get(last).label().equals(label)
                && regions.get(last).range().end() == range.start()) {
            AddressRange before = regions.remove(last).range();
            range = new AddressRange(before.start(), range.end());
        }
        regions.add(new Iomem.Region(range, label));
    }
}
