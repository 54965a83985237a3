// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import kdump.importers.bytes.TextFile;

/**
 * The rule that turns resource names into kinds of memory.
 *
 * <ul>
 * <li>"System RAM" is {@link MemoryKind#SYSTEM_RAM}, with all that is nested in it (kernel, crash
 * reservation) but for reserved parts.
 * <li>Names that end in "ROM", and a reserved block that ends at 4 GiB, where the boot firmware is
 * mapped, are {@link MemoryKind#ROM}, with all that is nested in them.
 * <li>"Reserved", "ACPI Tables" and "ACPI Non-volatile Storage" are {@link MemoryKind#FIRMWARE_RAM}
 * where RAM is likely to be: below the last System RAM under 4 GiB, or adjoining RAM or such a
 * block; so is what is reserved again within one, and "Graphics Stolen Memory".
 * <li>All else is {@link MemoryKind#MMIO}, also where it is nested in a reserved block.
 * </ul>
 */
final class IomemRule {

    private static final long FOUR_GIB = 1L << 32;
    private static final int GRANULE_BYTES = 1 << 16;
    private static final Set<String> FIRMWARE = Set.of("reserved", "acpi tables",
            "acpi non-volatile storage");

    private final TextFile text;
    private final List<IomemLine> lines;
    private final MemoryKind[] kinds;
    private final int[] owner;
    private final List<MemoryMap.Region> regions = new ArrayList<>();

    IomemRule(TextFile text, List<IomemLine> lines) {
        this.text = text;
        this.lines = lines;
        kinds = new MemoryKind[lines.size()];
        owner = new int[lines.size()];
    }

    Iomem apply() throws FormatException {
        boolean[] firmware = firmwareRam();
        List<AddressRange> crash = new ArrayList<>();
        for (int i = 0; i < kinds.length; i++) {
            decide(i, firmware[i]);
            IomemLine line = lines.get(i);
            if (line.label().equals("Crash kernel")) {
                if (kinds[i] != MemoryKind.SYSTEM_RAM) {
                    throw text.wrong(line.index(), "Crash kernel", line.range().toString(),
                            "a place within System RAM");
                }
                crash.add(line.range());
            }
        }
        paint();
        checkSize();
        return new Iomem(new MemoryMap(regions), crash);
    }

    private boolean named(int i, String label) {
        return lines.get(i).label().equals(label);
    }

    private boolean reserved(int i) {
        return FIRMWARE.contains(lines.get(i).label().toLowerCase(Locale.ROOT));
    }

    private boolean[] firmwareRam() throws FormatException {
        long lowTop = 0;
        boolean ram = false;
        Set<Long> starts = new HashSet<>();
        Set<Long> ends = new HashSet<>();
        for (int i = 0; i < kinds.length; i++) {
            AddressRange range = lines.get(i).range();
            if (named(i, "System RAM")) {
                ram = true;
                starts.add(range.start());
                ends.add(range.end());
                lowTop = range.end() <= FOUR_GIB ? Math.max(lowTop, range.end()) : lowTop;
            }
        }
        if (!ram) {
            throw text.wrong(0, "System RAM", "no such line", "at least one");
        }
        boolean[] firmware = new boolean[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
            AddressRange range = lines.get(i).range();
            if (reserved(i) && (range.end() <= lowTop || ends.contains(range.start()))) {
                firmware[i] = true;
                starts.add(range.start());
                ends.add(range.end());
            }
        }
        for (int i = kinds.length - 1; i >= 0; i--) {
            AddressRange range = lines.get(i).range();
            if (reserved(i) && !firmware[i] && starts.contains(range.end())) {
                firmware[i] = true;
                starts.add(range.start());
            }
        }
        return firmware;
    }

    /** Gives line {@code i} its kind; parents come before their children. */
    private void decide(int i, boolean firmware) {
        int parent = lines.get(i).parent();
        MemoryKind around = parent < 0 ? MemoryKind.MMIO : kinds[parent];
        owner[i] = i;
        if (around == MemoryKind.ROM) {
            kinds[i] = around;
            owner[i] = owner[parent];
        } else if (named(i, "System RAM")) {
            kinds[i] = MemoryKind.SYSTEM_RAM;
        } else if (lines.get(i).label().endsWith(" ROM")) {
            kinds[i] = MemoryKind.ROM;
        } else if (around == MemoryKind.FIRMWARE_RAM
                && (reserved(i) || named(i, "Graphics Stolen Memory"))) {
            kinds[i] = around;
            owner[i] = owner[parent];
        } else if (reserved(i)) {
            kinds[i] = lines.get(i).range().end() == FOUR_GIB ? MemoryKind.ROM
                    : firmware || around == MemoryKind.SYSTEM_RAM ? MemoryKind.FIRMWARE_RAM
                    : MemoryKind.MMIO;
        } else if (around == MemoryKind.SYSTEM_RAM) {
            kinds[i] = around;
            owner[i] = owner[parent];
        } else {
            kinds[i] = MemoryKind.MMIO;
        }
    }

    /** Emits the regions by address: the innermost line decides. */
    private void paint() {
        List<Integer> open = new ArrayList<>();
        long at = 0;
        for (int i = 0; i <= kinds.length; i++) {
            int parent = i < kinds.length ? lines.get(i).parent() : -1;
            while (!open.isEmpty() && open.get(open.size() - 1) != parent) {
                int top = open.remove(open.size() - 1);
                at = emit(top, at, lines.get(top).range().end());
            }
            if (i < kinds.length) {
                if (parent >= 0) {
                    emit(parent, at, lines.get(i).range().start());
                }
                at = lines.get(i).range().start();
                open.add(i);
            }
        }
    }

    /**
     * Emits what line {@code i} owns from {@code start}, joined to the region before if it is one.
     */
    private long emit(int i, long start, long end) {
        if (start < end && kinds[i] != MemoryKind.MMIO) {
            String label = lines.get(owner[i]).label();
            int before = regions.size() - 1;
            if (before >= 0 && regions.get(before).range().end() == start
                    && regions.get(before).kind() == kinds[i]
                    && regions.get(before).label().equals(label)) {
                start = regions.remove(before).range().start();
            }
            regions.add(new MemoryMap.Region(new AddressRange(start, end), kinds[i], label));
        }
        return end;
    }

    /** A simulated memory has its bounds, counted in whole granules. */
    private void checkSize() throws FormatException {
        long bytes = 0;
        for (MemoryMap.Region region : regions) {
            bytes += region.range().bytes() + 2 * GRANULE_BYTES;
        }
        if (bytes > PhysicalMemory.MAX_BYTES) {
            throw text.wrong(0, "RAM and ROM", "0x" + Long.toHexString(bytes) + " bytes",
                    "at most 0x" + Long.toHexString(PhysicalMemory.MAX_BYTES));
        }
    }
}
