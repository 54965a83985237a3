// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import iommu.api.sim.RandomStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.elf.ElfBytes;
import kdump.importers.kdump.KdumpBytes;

/** Small dumps of every form, drawn from a seed. */
final class MadeDumps {

    private static final int PAGE = 4096;
    private static final int[] PACKINGS = {0, 1, 2, 4, 0x20};
    private static final int VERSIONS = 6;

    private final RandomStream random;
    private final Path directory;

    /** Takes a directory of its own for the files. */
    MadeDumps(long seed, Path directory) {
        random = new RandomStream(seed, "made dumps");
        this.directory = directory;
    }

    /** Makes a kdump-compressed dump of any version: runs of pages of all packings, and holes. */
    Path kdump() throws IOException {
        int pages = 1 + random.nextInt(500);
        KdumpBytes file = pages(pages, new KdumpBytes(pages + random.nextInt(70_000)));
        file.version(1 + random.nextInt(VERSIONS));
        return Files.write(directory.resolve("kdump"), file.file());
    }

    /** Makes such a dump in its flattened form, with records in any order. */
    Path flattened() throws IOException {
        byte[] file = pages(100, new KdumpBytes(100)).file();
        List<Integer> pieces = new ArrayList<>();
        for (int at = 0; at < file.length;) {
            int end = Math.min(file.length, at + 1 + random.nextInt(20_000));
            int place = 2 * random.nextInt(pieces.size() / 2 + 1);
            pieces.add(place, at);
            pieces.add(place + 1, end);
            at = end;
        }
        return Files.write(directory.resolve("flattened"), KdumpBytes.flattened(file,
                pieces.stream().mapToInt(i -> i).toArray()));
    }

    /** Makes the parts of a split dump. */
    List<Path> split() throws IOException {
        int middle = 1 + random.nextInt(298);
        KdumpBytes file = pages(300, new KdumpBytes(300));
        Path folder = Files.createDirectory(directory.resolve("split"));
        return List.of(Files.write(folder.resolve("vmcore.1"), file.split(0, middle).file()),
                Files.write(folder.resolve("vmcore.2"), file.split(middle, 300).file()));
    }

    private KdumpBytes pages(int count, KdumpBytes file) {
        int page = random.nextInt(3);
        while (page < count) {
            int packing = PACKINGS[random.nextInt(PACKINGS.length)];
            for (int run = 1 + random.nextInt(9); run > 0 && page < count; run--, page++) {
                if (random.oneIn(4)) {
                    file.excluded(page);
                } else {
                    file.page(page, random.oneIn(8) ? new byte[PAGE] : KdumpBytes.content(page),
                            packing);
                }
            }
            page += random.nextInt(6) * random.nextInt(6);
        }
        return file;
    }

    /** Makes an ELF core: segments in any order, on any byte, some held in part only. */
    Path elf() throws IOException {
        int count = 2 + random.nextInt(12);
        List<long[]> segments = new ArrayList<>();
        long address = random.nextInt(3 * PAGE);
        boolean whole = random.oneIn(2);
        for (int i = 0; i < count; i++) {
            long held = 1 + random.nextInt(4 * PAGE);
            long named = random.oneIn(3) ? held + random.nextInt(3 * PAGE) : held;
            if (whole) {
                address = address + PAGE - 1 & -PAGE;
                held = held + PAGE - 1 & -PAGE;
                named = named + PAGE - 1 & -PAGE;
            }
            segments.add(random.nextInt(i + 1), new long[] {address, held, named});
            address += named + (random.oneIn(2) ? 0 : random.nextInt(20 * PAGE));
        }
        var file = new ElfBytes(count, count * 4 * PAGE);
        ByteBuffer bytes = ByteBuffer.wrap(file.array());
        int first = 64 + 56 * count;
        for (int at = first; at < bytes.capacity() - 8; at += 8) {
            bytes.putLong(at, random.nextLong());
        }
        for (int i = 0; i < count; i++) {
            long[] s = segments.get(i);
            file.load(first + (long) i * 4 * PAGE, s[0], s[1], s[2]);
        }
        return Files.write(directory.resolve("core"), file.array());
    }
}
