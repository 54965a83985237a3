// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import kdump.importers.OpenDump;
import kdump.importers.bytes.FileKind;
import kdump.importers.dump.Dump;
import kdump.importers.dump.VmcoreInfo;

/**
 * Asks an oracle and our reader for the same memory of one dump after another, and gathers what
 * came of it. A flattened dump goes to the oracle as makedumpfile put it in order.
 */
final class Readings {

    private static final long SEED = Long.getLong("seed", 1);
    /** What we refuse and others read: dumps of other machines. */
    private static final String OTHER_MACHINE = "utsname\\.machine|e_ident\\.class|e_machine";
    private static final int FIRST_PAGES = 64;
    private static final String PROCESS = "no VMCOREINFO: the core of a process";

    private final Oracle oracle;
    private final int count;
    private final Path directory;
    private final List<Comparison> comparisons = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();
    private final List<String> refusals = new ArrayList<>();
    private int refused;

    /** Asks for {@code count} pieces of each dump. */
    Readings(Oracle oracle, int count, Path directory) {
        this.oracle = oracle;
        this.count = count;
        this.directory = directory;
    }

    /** Compares dumps, packed or not. */
    void of(List<Path> dumps) throws IOException, InterruptedException {
        for (Path dump : dumps) {
            Path unpacked = Samples.unpacked(dump, directory);
            boolean flat = FileKind.of(unpacked) == FileKind.FLATTENED;
            if (!flat || Makedumpfile.isPresent()) {
                Path ours = dump.toString().endsWith(".zst") ? unpacked : dump;
                of(dump.getName(dump.getNameCount() - 2) + "/" + dump.getFileName(), ours,
                        List.of(flat ? new Makedumpfile(directory).rearranged(unpacked)
                                : unpacked));
            }
            if (!unpacked.equals(dump)) {
                Files.delete(unpacked);
            }
        }
    }

    /** Compares a dump whose parts the oracle is told; ours finds them by the one. */
    void of(String name, Path ours, List<Path> theirs) throws IOException {
        Dump dump;
        try {
            dump = OpenDump.of(ours);
        } catch (FormatException e) {
            refused(name, e.getMessage(), theirs);
            return;
        }
        List<Probe> probes = Probe.draw(dump, count, SEED, name);
        Oracle.Outcome outcome = oracle.ask(theirs, probes, directory);
        boolean process = oracle == Oracle.DRGN && dump.vmcoreInfo() == VmcoreInfo.NONE;
        if (outcome.refusal() != null || process) {
            refusals.add(name + ": " + (process ? PROCESS : outcome.refusal()));
            return;
        }
        Comparison comparison = new Comparison(name, dump,
                FileKind.of(theirs.get(0)) == FileKind.ELF)
                .of(probes, Answer.ours(dump, probes), outcome.answers(), outcome.pages());
        comparisons.add(comparison);
        wrong.addAll(comparison.differences());
    }

    /** What we refuse holds no memory for others either, if it is of a machine of ours. */
    private void refused(String name, String message, List<Path> theirs) throws IOException {
        refused++;
        List<Probe> probes = LongStream.range(0, FIRST_PAGES)
                .mapToObj(page -> new Probe(page << 12, 1)).toList();
        if (oracle.ask(theirs, probes, directory).answers().stream()
                .anyMatch(a -> a.bytes() != null)
                && !message.matches(".*(" + OTHER_MACHINE + ").*")) {
            wrong.add(name + ": ours " + message + ", theirs read it");
        }
    }

    /** Returns differences, a line each. */
    List<String> wrong() {
        return wrong;
    }

    /** Returns what the oracle did not open and we did, a line each with what it said. */
    List<String> refusals() {
        return refusals;
    }

    /** Returns how many dumps both opened. */
    int opened() {
        return comparisons.size();
    }

    /** Returns how many pieces of memory both read with the same bytes. */
    long same() {
        return comparisons.stream().mapToLong(c -> c.figures().same()).sum();
    }

    /** Returns the figures of each dump. */
    List<Comparison> comparisons() {
        return comparisons;
    }

    @Override
    public String toString() {
        return oracle + ": " + comparisons.size() + " dumps, " + refusals.size()
                + " that it does not open, " + refused + " that we refuse; "
                + comparisons.stream().map(Comparison::figures).reduce(Figures::plus)
                        .orElse(Figures.NONE);
    }
}
