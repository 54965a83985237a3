// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.importers.OpenDump;
import kdump.importers.dump.CutImage;
import kdump.importers.dump.Dump;
import kdump.importers.dump.PackedRanges;

/**
 * A whole dump, written by makedumpfile in other forms: each holds the pages it should, and those
 * with the bytes of the first.
 */
final class Conversions {

    /** Those that take a second or two. */
    static final List<String> QUICK = List.of("-l -d 31", "-F -E -d 31");

    static final List<String> ALL = List.of("-d 0", "-c -d 0", "-l -d 0", "-p -d 0", "-z -d 0",
            "-E -d 0", "-d 1", "-c -d 1", "-l -d 1", "-E -d 1", "-d 31", "-c -d 31", "-l -d 31",
            "-E -d 31", "-F -d 0", "-F -c -d 31", "-F -l -d 31", "-F -E -d 1", "-F -E -d 31",
            "-l -d 31 --split", "-c -d 8 --split", "-d 31 --split");

    private static final int PAGE = 4096;

    private final Dump whole;
    private final Path core;
    private final Makedumpfile makedumpfile;
    private final List<String> wrong = new ArrayList<>();

    /**
     * Writes the core that makedumpfile is to read: memory up to the first hole, as it leaves out
     * what lies beyond the kernel's mem_map.
     */
    Conversions(Dump dump, Path directory) throws IOException {
        AddressRange low = dump.image().ranges().get(0);
        whole = new Dump(CutImage.of(dump.image(), List.of(low)), List.of(low), List.of(),
                dump.vmcoreInfo(), List.of());
        makedumpfile = new Makedumpfile(directory);
        core = directory.resolve("whole.elf");
        CoreWriter.write(whole, core);
    }

    /**
     * Compares a form with the whole dump, and asks {@code readings}, if any, for the same.
     *
     * @return the number of pages that it holds
     */
    long compare(String options, Readings readings) throws IOException, InterruptedException {
        List<Path> files = makedumpfile.convert(core, options);
        long pages = compare(options, OpenDump.of(files.get(0)));
        List<Path> theirs = options.contains("-F")
                ? List.of(makedumpfile.rearranged(files.get(0))) : files;
        if (readings != null) {
            readings.of(options, files.get(0), theirs);
        }
        if (options.contains("--split")) {
            pages += compare("--reassemble after " + options,
                    OpenDump.of(makedumpfile.reassembled(files))) - pages;
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
        return pages;
    }

    private long compare(String name, Dump dump) throws IOException {
        PackedRanges held = Probe.packed(dump.image().ranges());
        byte[] page = new byte[PAGE];
        byte[] before = new byte[PAGE];
        boolean all = name.contains("-d 0") || name.contains("-d 1") && !name.contains("-d 31");
        boolean zeros = !name.contains("-E") || name.contains("-d 0");
        for (AddressRange range : whole.image().ranges()) {
            for (long at = range.start(); at < range.end(); at += PAGE) {
                whole.image().read(at, before, 0, PAGE);
                boolean zero = Arrays.equals(before, new byte[PAGE]);
                if (held.indexOf(at) < 0) {
                    note(all && (zeros || !zero), name, at, "is absent");
                } else {
                    dump.image().read(at, page, 0, PAGE);
                    note(!Arrays.equals(page, before), name, at, "is another");
                }
            }
        }
        note(held.without(Probe.packed(whole.image().ranges())).size() > 0, name, 0,
                "and others are there that were not");
        return held.bytes() / PAGE;
    }

    private void note(boolean isWrong, String name, long at, String what) {
        if (isWrong && wrong.size() < 20) {
            wrong.add(name + ": the page at 0x" + Long.toHexString(at) + " " + what);
        }
    }

    /** Returns what is not as it should be, a line each. */
    List<String> wrong() {
        return wrong;
    }
}
