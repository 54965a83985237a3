// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.sim.RandomStream;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import kdump.importers.CaptureDirectoryImporter;
import kdump.importers.search.RootSearch;

/**
 * What reading a random page of a dump costs, in CPU time, beside libkdumpfile on the same pages in
 * the same run (bench/pageread.c, built where gcc and the library are found). Reads the whole dump
 * beside the repository, and copies of it in other formats; prints nothing of worth where that is
 * absent.
 */
public final class PageReadBench {
    private static final int COUNT = 20_000;
    private static final int WARM_UP = 6;
    private static final int FLATTENED_HEADER_BYTES = 4096;

    private PageReadBench() {}

    /** Prints nanoseconds a page for each format, the ratio, and what a search for tables costs. */
    public static void main(String[] arguments) throws Exception {
        Path flattened = Path.of(System.getProperty("lab.root"))
                .resolve("../shared/captures/full_vtd/vtd.kdump-zlib").normalize();
        if (!Files.isRegularFile(flattened)) {
            System.err.println("page reads: no whole dump beside the repository");
            return;
        }
        Path dump = rearranged(flattened);
        MemoryImage image = image(dump);
        long[] frames = frames(image);
        Path core = Recoded.elf(image, Path.of("generated", "pageread.elf").toAbsolutePath());
        compare("ELF", core, frames);
        compare("kdump zlib", dump, frames);
        for (String packing : List.of("lzo", "snappy", "zstd")) {
            compare("kdump " + packing, Recoded.kdump(dump, packing), frames);
        }
        search(image(core));
    }

    private static MemoryImage image(Path dump) throws IOException {
        return new CaptureDirectoryImporter().read(dump, null).image();
    }

    private static void compare(String format, Path dump, long[] frames) throws Exception {
        MemoryImage image = image(dump);
        double ours = Double.MAX_VALUE;
        for (int round = 0; round < WARM_UP; round++) {
            ours = Math.min(ours, nanos(image, frames));
        }
        Double theirs = libkdumpfile(dump, frames);
        System.err.printf("page read, %-13s %6.0f ns%s%n", format + ":", ours, theirs == null ? ""
                : String.format(", libkdumpfile %.0f ns, %.1f times as fast", theirs,
                        theirs / ours));
    }

    /** Finds and walks the tables of the whole core, without registers. */
    private static void search(MemoryImage image) throws IOException {
        var threads = ManagementFactory.getThreadMXBean();
        double best = Double.MAX_VALUE;
        RootSearch found = null;
        for (int round = 0; round < WARM_UP; round++) {
            long start = threads.getCurrentThreadCpuTime();
            found = RootSearch.in(image, image.ranges());
            best = Math.min(best, threads.getCurrentThreadCpuTime() - start);
        }
        System.err.printf("tables found in an ELF core: %.0f ns a page of the dump, %d pages,"
                + " %d root tables%n", best / found.pages(), found.pages(),
                found.verified().size());
    }

    /** Puts a flattened dump together, which the library does not read as it is. */
    private static Path rearranged(Path flattened) throws IOException {
        Path dump = Path.of("generated", "pageread.kdump").toAbsolutePath();
        Files.createDirectories(dump.getParent());
        try (var in = new DataInputStream(new BufferedInputStream(
                Files.newInputStream(flattened))); var out = new RandomAccessFile(dump.toFile(),
                        "rw")) {
            in.skipNBytes(FLATTENED_HEADER_BYTES);
            for (long offset = in.readLong(); offset >= 0; offset = in.readLong()) {
                byte[] record = new byte[Math.toIntExact(in.readLong())];
                in.readFully(record);
                out.seek(offset);
                out.write(record);
            }
        }
        return dump;
    }

    private static long[] frames(MemoryImage image) {
        var random = new RandomStream(1, "pages");
        List<AddressRange> ranges = image.ranges();
        long[] pages = ranges.stream().flatMapToLong(r -> LongStream.range(r.start() >>> 12,
                r.end() >>> 12)).toArray();
        long[] frames = new long[COUNT];
        for (int i = 0; i < COUNT; i++) {
            frames[i] = pages[random.nextInt(pages.length)];
        }
        return frames;
    }

    private static double nanos(MemoryImage image, long[] frames) throws IOException {
        byte[] page = new byte[4096];
        var threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        for (long frame : frames) {
            image.read(frame << 12, page, 0, page.length);
        }
        return (double) (threads.getCurrentThreadCpuTime() - start) / frames.length;
    }

    private static Double libkdumpfile(Path dump, long[] frames)
            throws IOException, InterruptedException {
        Path binary = Path.of("generated", "pageread").toAbsolutePath();
        Path input = Path.of("generated", "pageread.in").toAbsolutePath();
        Path output = Path.of("generated", "pageread.out").toAbsolutePath();
        Files.createDirectories(binary.getParent());
        Files.writeString(input, LongStream.of(frames).mapToObj(Long::toString)
                .collect(Collectors.joining("\n")));
        try {
            if (run(null, output, "gcc", "-O3", "-o", binary.toString(), "bench/pageread.c",
                    "-lkdumpfile") == 0
                    && run(input, output, binary.toString(), dump.toString(),
                            Integer.toString(frames.length)) == 0) {
                return Double.valueOf(Files.readString(output).strip().split(" ")[0]);
            }
            System.err.println("no figures of libkdumpfile: "
                    + Files.readString(output).lines().findFirst().orElse(""));
        } catch (IOException e) {
            System.err.println("no figures of libkdumpfile: " + e.getMessage());
        }
        return null;
    }

    private static int run(Path input, Path output, String... command)
            throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(output.toFile());
        if (input != null) {
            builder.redirectInput(input.toFile());
        }
        return builder.start().waitFor();
    }
}
