// SPDX-License-Identifier: Apache-2.0
package kdump.importers.qemu;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelTimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import kdump.importers.bytes.TextFile;

/**
 * What a recording's own files tell of its run: how fast disks were, how many processes read from
 * each, and when the capture kernel came to its phases. Immutable.
 *
 * @param deviceOptions what is asked of devices and their drivers, by requester id
 * @param rates requests a second of devices that were busy, by requester id
 * @param times null if nothing tells
 * @param seen pages of I/O addresses that functions used before the crash, by requester id
 */
public record RecordedRun(Map<Integer, Map<String, Long>> deviceOptions,
        Map<Integer, Double> rates, KernelTimes times, Map<Integer, Set<Long>> seen) {

    private static final String COMMAND_LINE = "cmdline.sh";
    private static final String MARKS = "marks.json";
    private static final Pattern TRACE = Pattern.compile("trace-.*\\.txt(\\.gz)?");
    /** How many processes the recorded init had read from each disk. */
    private static final Pattern READERS = Pattern.compile("(?:^|\\s)cap\\.(?:ndd|load)=(\\d{1,3})"
            + "(?=\\s|$)");
    private static final double REQUEST_BYTES = 128 << 10;
    /** Controllers that have a way of their own with rings. */
    private static final List<String> NETWORK = List.of("e1000", "e1000e");

    /**
     * Reads what there is.
     *
     * @param directory of the recording; null without one
     * @param kernelCommandLine of the kernel that crashed
     */
    public static RecordedRun read(Path directory, String kernelCommandLine,
            List<FunctionConfig> functions, List<String> remarks) throws IOException {
        var options = new TreeMap<Integer, Map<String, Long>>();
        var busy = new TreeMap<Integer, Double>();
        Matcher readers = READERS.matcher(kernelCommandLine);
        Path line = file(directory, COMMAND_LINE);
        if (line != null) {
            var qemu = new QemuCommandLine(TextFile.read(line, QemuCommandLine.MAX_BYTES).lines());
            long processes = readers.find() ? Long.parseLong(readers.group(1)) : 0;
            qemu.diskRates("nvme", functions).forEach((function, rate) -> {
                var asked = new TreeMap<>(Map.of(DeviceContext.BYTES_PER_SECOND,
                        rate));
                if (processes > 0) {
                    asked.put(DeviceContext.READERS, processes);
                    busy.put(function, rate / REQUEST_BYTES);
                }
                options.put(function, asked);
                remarks.add("The disk of " + RequesterId.format(function) + " is held to " + rate
                        + " bytes a second, as QEMU's command line tells" + (processes > 0 ? "; "
                        + processes + " processes read from it, as the kernel's tells." : "."));
            });
            for (String kind : NETWORK) {
                for (int function : qemu.places(kind, functions)) {
                    options.put(function, new TreeMap<>(Map.of(
                            DeviceContext.WHOLE_TRANSFERS, 1L)));
                    remarks.add(RequesterId.format(function) + " is QEMU's " + kind
                            + ": it reads a descriptor when a frame is there.");
                }
            }
        }
        Path marks = file(directory, MARKS);
        var recorded = new RecordedTimes(marks == null ? List.of()
                : TextFile.read(marks, RecordedTimes.MAX_BYTES).lines());
        KernelTimes times = recorded.times();
        if (times != null) {
            remarks.add("Phases begin when they did in the recording, as " + MARKS + " tells.");
        }
        return new RecordedRun(options, busy, times, seen(directory, recorded.crash()));
    }

    private static Map<Integer, Set<Long>> seen(Path directory, double crash) throws IOException {
        if (directory == null || crash <= 0) {
            return Map.of();
        }
        try (Stream<Path> all = Files.list(directory)) {
            Path trace = all.filter(f -> TRACE.matcher(f.getFileName().toString()).matches())
                    .sorted().findFirst().orElse(null);
            return trace == null ? Map.of() : TracedAddresses.read(trace, crash);
        }
    }

    private static Path file(Path directory, String name) {
        Path path = directory == null ? null : directory.resolve(name);
        return path != null && Files.isRegularFile(path) ? path : null;
    }
}
