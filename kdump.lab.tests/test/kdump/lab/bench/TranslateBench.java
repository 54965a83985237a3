// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.vtd.vendor.VtdVendor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What one translation of each vendor's unit costs in CPU time, beside C over the same tables
 * (bench/translate.c, built with gcc where it is found): once doing all that the modelled unit
 * does, and once the least that gives the right answer. Each loop runs in JVMs of its own, so that
 * none is measured in code that was compiled for another; C takes its turn between them. The best
 * of all rounds counts.
 */
public final class TranslateBench {
    private static final int COUNT = 5_000_000;
    private static final int ROUNDS = 7;
    private static final int JVMS = 3;
    private static final List<String> VENDORS = List.of("vtd", "amdvi");
    private static final int PAGES = 32_768;
    private static final int REQUESTERS = 16;
    private static final List<String> LOOPS =
            List.of("one page", "64-byte stream", "random pages", "16 requesters");
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final int GCMD = 0x18;
    private static final int RTADDR = 0x20;
    private static final long SET_ROOT_POINTER = 1L << 30;
    private static final long TRANSLATION_ENABLE = 1L << 31;

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 1 << 28)), 0);
    private long top = 0x100000;

    private TranslateBench() {}

    /**
     * Prints nanoseconds a translation for each loop, and the ratio to C.
     *
     * @param arguments nothing, or vendor and number of the one loop to measure
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            System.out.println(best(arguments[0], Integer.parseInt(arguments[1])));
            return;
        }
        System.err.println("""
                translate: nanoseconds of CPU time a translation, best of 3 JVMs, 7 rounds of
                 5 million each.
                  C, same work: context cache, IOTLB and table caches of the same sizes, ways and
                    replacement; walk from the lowest cached table; every table and page kept.
                  C, least: one-way context cache, IOTLB four times as large, whole walks, no
                   table kept.""");
        for (String vendor : VENDORS) {
            compare(vendor);
        }
    }

    private static double best(String vendor, int loop) {
        RemappingUnit unit = vendor.equals("vtd") ? new TranslateBench().unit()
                : AmdTables.unit(REQUESTERS, PAGES);
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            best = Math.min(best, nanos(unit, loop));
        }
        return best;
    }

    private static void compare(String vendor) throws IOException, InterruptedException {
        Map<String, Double> same = new HashMap<>();
        Map<String, Double> least = new HashMap<>();
        double[] ours = new double[LOOPS.size()];
        Arrays.fill(ours, Double.MAX_VALUE);
        for (int turn = 0; turn < JVMS; turn++) {
            inC(vendor, "-Dsame", same);
            for (int loop = 0; loop < LOOPS.size(); loop++) {
                ours[loop] = Math.min(ours[loop], inJvm(vendor, loop));
            }
            inC(vendor, "-Dleast", least);
        }
        for (int loop = 0; loop < LOOPS.size(); loop++) {
            String name = LOOPS.get(loop);
            System.err.printf("%-5s translate, %-15s %6.2f ns%s%s%n", vendor, name + ":",
                    ours[loop], beside("same work", same.get(name), ours[loop]),
                    beside("least", least.get(name), ours[loop]));
        }
    }

    private static double inJvm(String vendor, int loop) throws IOException, InterruptedException {
        Path output = Path.of("generated", "translate.txt").toAbsolutePath();
        int status = run(output, Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"), TranslateBench.class.getName(),
                vendor, Integer.toString(loop));
        String printed = Files.readString(output).strip();
        if (status != 0) {
            throw new IOException(printed);
        }
        return Double.parseDouble(printed);
    }

    private static String beside(String what, Double inC, double ours) {
        return inC == null ? ""
                : String.format("; C, %s %.2f ns, ratio %.2f", what, inC, ours / inC);
    }

    private static double nanos(RemappingUnit unit, int loop) {
        long x = 1;
        long sum = 0;
        long start = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < COUNT; i++) {
            x = x * 6364136223846793005L + 1442695040888963407L;
            long iova = loop == 0 ? 0x5000 | x >>> 40 & 0xff8 : loop == 1 ? (long) i * 64 & 0x1fffff
                    : (x >>> 40) % PAGES << 12;
            int source = loop == 3 ? (int) (x >>> 33 & 15) << 3 : 0;
            sum += unit.translate(source, iova, Access.READ);
        }
        double each = (double) (THREADS.getCurrentThreadCpuTime() - start) / COUNT;
        if (Translation.isBlocked(sum)) {
            throw new IllegalStateException("blocked");
        }
        return each;
    }

    private RemappingUnit unit() {
        long root = page();
        long contexts = page();
        memory.write64(root, contexts | 1);
        for (int r = 0; r < REQUESTERS; r++) {
            long table = page();
            memory.write64(contexts + 16L * 8 * r, table | 1);
            memory.write64(contexts + 16L * 8 * r + 8, (long) (r + 1) << 8 | 2);
            for (int p = 0; p < PAGES; p++) {
                map(table, (long) p << 12, 0x8000000L + ((long) p << 12));
            }
        }
        RemappingUnit unit = new VtdVendor()
                .unit(new UnitProfile("vtd", "bench", 0xfed90000L, Map.of(), Map.of()), memory);
        unit.writeRegister(RTADDR, 8, root);
        unit.writeRegister(GCMD, 4, SET_ROOT_POINTER);
        unit.writeRegister(GCMD, 4, TRANSLATION_ENABLE);
        return unit;
    }

    private long page() {
        top += 4096;
        memory.write(top, new byte[4096], 0, 4096);
        return top;
    }

    private void map(long root, long iova, long to) {
        long table = root;
        for (int level = 4; level > 1; level--) {
            long entry = table + 8 * (iova >>> 12 + 9 * (level - 1) & 511);
            if (memory.read64(entry) == 0) {
                memory.write64(entry, page() | 3);
            }
            table = memory.read64(entry) & ~0xfffL;
        }
        memory.write64(table + 8 * (iova >>> 12 & 511), to | 3);
    }

    /** Adds what is faster than the figures so far. */
    private static void inC(String vendor, String work, Map<String, Double> figures)
            throws IOException, InterruptedException {
        Path binary = Path.of("generated", "translate-" + vendor + work).toAbsolutePath();
        Path output = Path.of("generated", "translate.txt").toAbsolutePath();
        Files.createDirectories(binary.getParent());
        try {
            if (run(output, "gcc", "-O3", "-D" + vendor, work, "-o", binary.toString(),
                    "bench/translate.c", "-lm") != 0
                    || run(output, binary.toString(), Integer.toString(COUNT)) != 0) {
                System.err.println("no figures of C: " + Files.readString(output).strip());
                return;
            }
        } catch (IOException e) {
            System.err.println("no figures of C: " + e.getMessage());
            return;
        }
        for (String line : Files.readAllLines(output)) {
            LOOPS.stream().filter(line::startsWith).forEach(loop -> figures.merge(loop,
                    Double.valueOf(line.substring(loop.length()).strip().split(" ")[0]),
                    Math::min));
        }
    }

    private static int run(Path output, String... command)
            throws IOException, InterruptedException {
        return new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(output.toFile()).start().waitFor();
    }
}
