// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.recorded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.machine.MachineDescription;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import kdump.importers.CaptureDirectoryImporter;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The table of docs/recordings.md: what a recorded capture kernel met, beside what the lab predicts
 * from the captured machine and nothing else. With LAB_RECORDINGS=write in the environment the
 * table is made anew, but for what was recorded.
 */
class RecordingsTest {

    private static final Path RECORDINGS = Fixture.root().resolve("../shared/captures");
    private static final Path TABLE = Fixture.root().resolve("docs/recordings.md");
    private static final boolean WRITE = "write".equals(System.getenv("LAB_RECORDINGS"));
    private static final int SEEDS = 20;
    private static final Pattern OWN_FAULT =
            Pattern.compile("\\d+ \\w+ of the capture kernel's own device (\\S+) blocked, (\\S+),.*");

    /** One row; the last column says why the prediction is another one, or nothing. */
    private record Row(String name, String what, String recorded, String predicted, String spec,
            String seeds, String why) {

        static Row of(String line) {
            String[] parts = line.split("\\|", -1);
            return new Row(parts[1].strip(), parts[2].strip(), parts[3].strip(), parts[4].strip(),
                    parts[5].strip(), parts[6].strip(), parts[7].strip());
        }

        String text() {
            return "| " + String.join(" | ", name, what, recorded, predicted, spec, seeds, why)
                    + " |";
        }
    }

    private static boolean isRow(String line) {
        return line.matches("\\| (k|none)[a-z0-9_]+ \\|.*");
    }

    static List<Row> rows() throws IOException {
        try (Stream<String> lines = Files.lines(TABLE)) {
            return lines.filter(RecordingsTest::isRow).map(Row::of).toList();
        }
    }

    /** What a hand-over is told by: faults, untranslated DMA, drivers, dump. */
    private static String kind(Verdict v) {
        var told = new ArrayList<String>();
        Set<String> faults = new TreeSet<>(v.faults().byReason().keySet());
        Set<String> failed = v.driversFailed().stream().map(f -> f.requester())
                .collect(Collectors.toSet());
        for (String reason : v.reasons()) {
            Matcher own = OWN_FAULT.matcher(reason);
            if (own.matches() && !failed.contains(own.group(1))) {
                faults.add(own.group(2));
            }
        }
        told.add((faults.isEmpty() ? "no fault" : String.join(" ", faults))
                + (v.untranslatedDma().requests() > 0 ? ", untranslated" : ""));
        if (!v.captureKernel().equals("ok")) {
            told.add(v.captureKernel());
        }
        if (!v.driversFailed().isEmpty()) {
            told.add("failed " + String.join(" ", v.driversFailed().stream()
                    .map(f -> f.requester().substring(5)).sorted().toList()));
        }
        told.add(v.dump().equals("complete") ? "dump" : v.dump().equals("missing") ? "no dump"
                : "corrupt dump");
        return String.join("; ", told);
    }

    private static String predicted(MachineDescription machine, long seed, String hardware) {
        return kind(verdict(machine, seed, hardware));
    }

    private static Verdict verdict(MachineDescription machine, long seed, String hardware) {
        try {
            var options = RunOptions.ofSeed(seed).withHardware(
                    new HardwareChoice(hardware, Map.of()));
            var booted = ColdBoot.boot(machine, Fixture.ALL_MODELS, KernelChoice.DEFAULT);
            return new Runner(booted, Fixture.ALL_MODELS, options)
                    .run(Fixture.session(new Linux()), false, FaultInjection.NONE).verdict();
        } catch (LabException e) {
            throw new AssertionError(machine.name(), e);
        }
    }

    private static MachineDescription machine(String name) throws IOException {
        Path own = Fixture.root().resolve("docs/captures/" + name);
        Path directory = Files.isDirectory(own) ? own : RECORDINGS.resolve(name);
        assumeTrue(Files.isDirectory(directory), "the recordings are absent");
        return new CaptureDirectoryImporter().read(directory, null);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void theTableHoldsWhatTheLabPredicts(Row row) throws IOException {
        Verdict verdict = verdict(machine(row.name()), 1, null);
        assertThat(kind(verdict)).isEqualTo(row.predicted());
        assertThat(row.why().isEmpty()).as("a difference is explained, and nothing else is")
                .isEqualTo(row.predicted().equals(row.recorded()));
        String end = recordedEnd(row.name());
        if (end != null) {
            assertThat(verdict.reboot()).as("restart").isEqualTo(end);
        }
    }

    /**
     * Returns how a recording ended by its console: a capture kernel that powered the machine down
     * would have restarted it; one of whose workers nothing is heard any more would not. Null for
     * those that were stopped, and for one whose init died of what its network interfaces did.
     */
    private static String recordedEnd(String name) throws IOException {
        for (String file : List.of("console.log", "console.log.gz")) {
            Path console = RECORDINGS.resolve(name).resolve(file);
            if (Files.isRegularFile(console)) {
                try (var in = Files.newInputStream(console)) {
                    String text = new String((file.endsWith(".gz") ? new GZIPInputStream(in) : in)
                            .readAllBytes(), StandardCharsets.ISO_8859_1);
                    return text.contains("reboot: Power down") ? "ok"
                            : text.contains("xhci_alloc_dev") ? "hung" : null;
                }
            }
        }
        return null;
    }

    @Test
    void everyRecordingHasARow() throws IOException {
        assumeTrue(Files.isDirectory(RECORDINGS), "the recordings are absent");
        if (WRITE) {
            makeAnew();
        }
        try (Stream<Path> all = Files.list(RECORDINGS)) {
            assertThat(rows()).extracting(Row::name).containsExactlyInAnyOrderElementsOf(
                    all.map(p -> p.getFileName().toString())
                            .filter(n -> n.matches("(kd|none7).*")).toList());
        }
    }

    private static void makeAnew() throws IOException {
        var lines = new ArrayList<String>();
        for (String line : Files.readAllLines(TABLE)) {
            lines.add(isRow(line) ? made(Row.of(line)).text() : line);
        }
        Files.write(TABLE, lines);
    }

    private static Row made(Row row) throws IOException {
        MachineDescription machine = machine(row.name());
        int same = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            same += predicted(machine, seed, null).equals(row.recorded()) ? 1 : 0;
        }
        return new Row(row.name(), row.what(), row.recorded(), predicted(machine, 1, null),
                predicted(machine, 1, "spec"), same + " of " + SEEDS, row.why());
    }
}
