// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.MemoryImage;
import iommu.api.pcie.RequesterId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * Lists every mapping of an image in the notation of truth-enumerated.csv: a plain walk that knows
 * no faults, to tell whether the importers found the right bytes.
 */
final class TruthWalk {

    private static final long ADDRESS = 0x000f_ffff_ffff_f000L;

    private final MemoryImage image;
    private final List<String> rows = new ArrayList<>();

    private TruthWalk(MemoryImage image) {
        this.image = image;
    }

    /** Returns the mappings of the machine's first unit, sorted. */
    static List<String> of(MachineDescription machine) throws IOException {
        Map<Integer, Integer> words = machine.units().get(0).profile().registers();
        long root = words.get(0x20) & 0xffffffffL | (long) words.get(0x24) << 32;
        var walk = new TruthWalk(machine.image());
        for (int bus = 0; bus < 256; bus++) {
            for (int devfn = 0; devfn < 256; devfn++) {
                walk.function(root, (root & 0x400) != 0, bus, devfn);
            }
        }
        return walk.rows.stream().sorted().toList();
    }

    /** Returns the rows of a capture's truth, sorted. */
    static List<String> truth(Path capture) throws IOException {
        Path packed = capture.resolve("truth-enumerated.csv.gz");
        Path file = Files.exists(packed) ? packed : capture.resolve("truth-enumerated.csv");
        try (InputStream raw = Files.newInputStream(file);
                InputStream in = file == packed ? new GZIPInputStream(raw) : raw;
                var lines = new BufferedReader(new InputStreamReader(in))) {
            return lines.lines().skip(1).sorted().toList();
        }
    }

    private long read(long address) throws IOException {
        byte[] bytes = new byte[8];
        image.read(address, bytes, 0, 8);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private static String row(String name, long iova, long entry, long bytes, long access) {
        return name + ",0x" + Long.toHexString(iova) + ",0x" + Long.toHexString(entry & ADDRESS)
                + "," + bytes + "," + (entry & access & 3);
    }

    private void function(long root, boolean scalable, int bus, int devfn) throws IOException {
        long rootEntry = (root & ADDRESS) + 16L * bus + (scalable && devfn >= 128 ? 8 : 0);
        long context = read(rootEntry);
        if ((context & 1) == 0) {
            return;
        }
        long entry = (context & ADDRESS) + (scalable ? 32L * (devfn & 127) : 16L * devfn);
        long low = read(entry);
        if ((low & 1) == 0) {
            return;
        }
        String name = RequesterId.formatShort(bus << 8 | devfn);
        if (scalable) {
            long directory = read(low & ADDRESS);
            long pasid = directory & ADDRESS;
            long p = read(pasid);
            if ((directory & p & 1) != 0) {
                long domain = read(pasid + 8) & 0xffff;
                domain(name + "," + domain, (p >>> 6 & 7) == 4, p & ADDRESS, (p >>> 2 & 7) + 2);
            }
        } else {
            long high = read(entry + 8);
            domain(name + "," + (high >>> 8 & 0xffff), (low >>> 2 & 3) == 2, low & ADDRESS,
                    (high & 7) + 2);
        }
    }

    private void domain(String name, boolean passThrough, long table, long levels)
            throws IOException {
        if (passThrough) {
            rows.add(name + ",0x0,0x0,PT,3");
        } else {
            table(name, table, (int) levels, 0, 3);
        }
    }

    private void table(String name, long table, int level, long iova, long access)
            throws IOException {
        for (int i = 0; i < 512; i++) {
            long entry = read(table + 8L * i);
            long at = iova | (long) i << 12 + 9 * (level - 1);
            if ((entry & 3) == 0) {
                continue;
            }
            if (level == 1 || (entry & 0x80) != 0) {
                rows.add(row(name, at, entry, 1L << 12 + 9 * (level - 1), access));
            } else {
                table(name, entry & ADDRESS, level - 1, at, entry & access);
            }
        }
    }
}
