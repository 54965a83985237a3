// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.TextFile;

/** Random trees of resources: each address is what the innermost line says that holds it. */
class RandomIomemTest {

    private static final String[] IN_RAM = {"Kernel code", "Kernel data", "Crash kernel"};
    private static final String[] IN_DEVICES = {"0000:00:02.0", "ahci", "PCI Bus 0000:03"};

    /** A line of the file. */
    private record Resource(int depth, AddressRange range, String label, MemoryKind kind) { }

    private final List<Resource> resources = new ArrayList<>();
    private RandomStream random;

    private void add(int depth, long start, long end, String label, MemoryKind kind) {
        resources.add(new Resource(depth, new AddressRange(start, end), label, kind));
    }

    /** Lays out RAM, ROM and devices above 4 GiB, where "Reserved" means nothing else. */
    private void draw() {
        resources.clear();
        long at = 0x1000;
        int blocks = 3 + random.nextInt(12);
        for (int i = 0; i < blocks; i++) {
            long start = at + 0x1000L * (1 + random.nextInt(64));
            long end = start + 0x1000L * (8 + random.nextInt(200));
            switch (i == 0 ? 0 : random.nextInt(3)) {
                case 0 -> {
                    add(0, start, end, "System RAM", MemoryKind.SYSTEM_RAM);
                    children(1, start, end, IN_RAM, MemoryKind.SYSTEM_RAM);
                }
                case 1 -> {
                    add(0, start, end, "System ROM", MemoryKind.ROM);
                    children(1, start, end, IN_DEVICES, MemoryKind.ROM);
                }
                default -> {
                    add(0, start, end, "PCI Bus 0000:00", MemoryKind.MMIO);
                    children(1, start, end, IN_DEVICES, MemoryKind.MMIO);
                }
            }
            at = end;
        }
    }

    private void children(int depth, long start, long end, String[] labels, MemoryKind kind) {
        long at = start;
        while (depth < 4 && random.oneIn(2) && end - at > 0x2000) {
            long from = at + 0x100 * random.between(0, (end - at) / 0x100 - 2);
            long to = from + 0x100 * random.between(1, (end - from) / 0x100);
            add(depth, from, to, labels[random.nextInt(labels.length)], kind);
            children(depth + 1, from, to, labels, kind);
            at = to;
        }
    }

    private Iomem read() throws FormatException {
        var text = new StringBuilder();
        for (Resource r : resources) {
            text.append("  ".repeat(r.depth)).append(String.format("%08x-%08x : %s%n",
                    r.range.start(), r.range.end() - 1, r.label));
        }
        return Iomem.read(TextFile.of("iomem",
                text.toString().replace("\r", "").getBytes(StandardCharsets.UTF_8)));
    }

    /** Returns what the last line says that holds an address: children come after parents. */
    private MemoryKind kindAt(long address) {
        MemoryKind kind = MemoryKind.MMIO;
        for (Resource r : resources) {
            kind = r.range.contains(address) ? r.kind : kind;
        }
        return kind;
    }

    @Seeds(count = 30)
    void everyAddressIsWhatTheInnermostLineSays(long seed) throws FormatException {
        random = new RandomStream(seed, "iomem");
        draw();
        MemoryMap map = read().map();
        long top = resources.stream().mapToLong(r -> r.range.end()).max().orElseThrow() + 0x2000;
        for (long at = 0; at < top; at += 0x80) {
            assertThat(map.kindAt(at)).as("0x%x", at).isEqualTo(kindAt(at));
        }
        assertThat(map.regions()).noneMatch(r -> r.kind() == MemoryKind.MMIO)
                .allMatch(r -> r.range().bytes() > 0);
    }

    @Seeds(count = 30)
    void everyCrashReservationIsListedOnce(long seed) throws FormatException {
        random = new RandomStream(seed, "crash");
        draw();
        assertThat(read().crashReservations()).containsExactlyElementsOf(resources.stream()
                .filter(r -> r.label.equals("Crash kernel")).map(Resource::range).toList());
    }
}
