// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.api.CaptureDrivers;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.Progress;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import org.apache.commons.cli.CommandLine;

/** One call of a command: its arguments, read as what they stand for, and where its result goes. */
final class Invocation {

    private static final Pattern DEVICE_OPTION =
            Pattern.compile("([^,]+),([^=]+)=(?:0x(\\p{XDigit}{1,16})|(-?\\d{1,18}))");
    private static final JsonFactory JSON = new JsonFactory();

    private final CommandLine line;
    private final PrintStream out;
    private final Path directory;
    private final Progress progress;
    private final boolean tells;

    /**
     * Makes one.
     *
     * @param progress null for nobody
     * @param tells whether results are for {@code out}, and not for whoever calls
     */
    Invocation(CommandLine line, PrintStream out, Path directory, Progress progress,
            boolean tells) {
        this.line = line;
        this.out = out;
        this.directory = directory;
        this.progress = progress == null ? Progress.NONE : progress;
        this.tells = tells;
    }

    /** Returns who is told how far long work has come. */
    Progress progress() {
        return progress;
    }

    /** Returns whether text may go to {@link #out} as it comes. */
    boolean tells() {
        return tells && !json();
    }

    boolean json() {
        return line.hasOption("json");
    }

    /** Returns where text goes. */
    PrintStream out() {
        return out;
    }

    /** Writes one JSON document. */
    interface Document {
        /** Writes it. */
        void to(JsonGenerator json) throws IOException, LabException;
    }

    /** Writes one JSON document and a line end to the result; nothing if that fails. */
    void json(Document document) throws IOException, LabException {
        var bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            document.to(json);
        }
        out.write(bytes.toByteArray());
        out.println();
    }

    /** Returns a generator on the result; closing it leaves the result open. */
    JsonGenerator generator() throws IOException {
        return JSON.createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    }

    List<String> arguments(int count, String what) throws UsageException {
        List<String> arguments = line.getArgList();
        if (arguments.size() != count) {
            throw new UsageException(arguments.size() + " arguments, expected " + what);
        }
        return arguments;
    }

    Target target(String text) throws UsageException {
        if (text.isBlank()) {
            throw new UsageException("an empty name is no machine");
        }
        try {
            directory.resolve(text);
            String registers = line.getOptionValue("registers");
            return new Target(text, directory, registers == null ? null : Path.of(registers));
        } catch (InvalidPathException e) {
            throw new UsageException("'" + e.getInput() + "' is no path");
        }
    }

    /** Returns a path, from the caller's directory. */
    Path path(String text) throws UsageException {
        try {
            return directory.resolve(text);
        } catch (InvalidPathException e) {
            throw new UsageException("'" + e.getInput() + "' is no path");
        }
    }

    List<String> values(String option) {
        String[] values = line.getOptionValues(option);
        return values == null ? List.of() : List.of(values);
    }

    String required(String option) throws UsageException {
        String value = line.getOptionValue(option);
        if (value == null) {
            throw new UsageException("option --" + option + " is missing");
        }
        return value;
    }

    /** Returns a requester given as an option, or -1. */
    int requester(String option) throws UsageException {
        String text = line.getOptionValue(option);
        return text == null ? -1 : requesterFrom(text);
    }

    /** Returns the PASID of requests, or -1 for none. */
    int pasid() throws UsageException {
        String text = line.getOptionValue("pasid");
        if (text == null) {
            return -1;
        }
        long value = number(text, "--pasid", "a number of 20 bits");
        if (value < 0 || value >>> 20 != 0) {
            throw new UsageException("--pasid '" + text + "', expected a number of 20 bits");
        }
        return (int) value;
    }

    /** Returns the data of a message given as an option, 0 if it is not. */
    int data() throws UsageException {
        String text = line.getOptionValue("data");
        long value = text == null ? 0 : number(text, "--data", "a number of 32 bits");
        if (value >>> 32 != 0) {
            throw new UsageException("--data '" + text + "', expected a number of 32 bits");
        }
        return (int) value;
    }

    private static long number(String text, String option, String expected)
            throws UsageException {
        try {
            return address(text);
        } catch (UsageException e) {
            throw new UsageException(option + " '" + text + "', expected " + expected);
        }
    }

    static int requesterFrom(String text) throws UsageException {
        try {
            return RequesterId.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** Returns the value of an option, or null. */
    String option(String option) {
        return line.getOptionValue(option);
    }

    boolean has(String option) {
        return line.hasOption(option);
    }

    RunOptions runOptions() throws UsageException {
        long crashAt = line.hasOption("crash-at") ? Durations.parse(line.getOptionValue("crash-at"))
                : RunOptions.DEFAULT_CRASH_AT;
        try {
            return new RunOptions(seed(), crashAt, factor(), kernels(),
                    new HardwareChoice(line.getOptionValue("hardware"), settings("unit-setting",
                            "vtd.iotlbEntries=64")), deviceOptions());
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** Returns the seed, 1 if none is given. */
    long seed() throws UsageException {
        return number("seed", 1);
    }

    /** Returns all arguments. */
    List<String> arguments() {
        return line.getArgList();
    }

    private KernelChoice kernels() throws UsageException {
        return new KernelChoice(version("kernel"), version("capture-kernel"),
                settings("kernel-setting", "vtd.flushesOldDomain=0"), option("cmdline"),
                option("capture-cmdline"), captureDrivers(), times());
    }

    private KernelTimes times() throws UsageException {
        String text = option("times");
        try {
            return text == null ? null : KernelTimes.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--times '" + text + "': " + e.getMessage());
        }
    }

    private CaptureDrivers captureDrivers() throws UsageException {
        String text = option("capture-drivers");
        if (text == null) {
            return CaptureDrivers.DEFAULT;
        }
        switch (text) {
            case "all":
                return new CaptureDrivers(CaptureDrivers.Kind.ALL, Set.of());
            case "dump-target":
                return new CaptureDrivers(CaptureDrivers.Kind.DUMP_TARGET, Set.of());
            default:
                var named = new TreeSet<Integer>();
                for (String one : text.split(",", -1)) {
                    named.add(requesterFrom(one));
                }
                return new CaptureDrivers(CaptureDrivers.Kind.NAMED, named);
        }
    }

    private Map<String, Long> settings(String option, String example) throws UsageException {
        var settings = new TreeMap<String, Long>();
        for (String text : values(option)) {
            int sign = text.indexOf('=');
            if (sign < 1 || !text.substring(sign + 1).matches("\\d{1,9}")) {
                throw new UsageException("--" + option + " '" + text + "', expected like "
                        + example);
            }
            if (settings.put(text.substring(0, sign), Long.valueOf(text.substring(sign + 1)))
                    != null) {
                throw new UsageException("--" + option + " '" + text + "', set twice");
            }
        }
        return settings;
    }

    private Map<Integer, Map<String, Long>> deviceOptions() throws UsageException {
        var all = new TreeMap<Integer, Map<String, Long>>();
        for (String text : values("device-option")) {
            Matcher parts = DEVICE_OPTION.matcher(text);
            if (!parts.matches()) {
                throw new UsageException("--device-option '" + text
                        + "', expected like 05:00.0,ats.answerNanos=-1");
            }
            var options = all.computeIfAbsent(requesterFrom(parts.group(1)), r -> new TreeMap<>());
            long value = parts.group(3) != null ? Long.parseUnsignedLong(parts.group(3), 16)
                    : Long.parseLong(parts.group(4));
            if (options.put(parts.group(2), value) != null) {
                throw new UsageException("--device-option '" + text + "', set twice");
            }
        }
        return all;
    }

    private KernelVersion version(String option) {
        String text = line.getOptionValue(option);
        return text == null ? null : KernelVersion.parse(text);
    }

    private long number(String option, long otherwise) throws UsageException {
        String text = line.getOptionValue(option);
        try {
            return text == null ? otherwise : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new UsageException("--" + option + " '" + text + "', expected a whole number");
        }
    }

    private double factor() throws UsageException {
        String text = line.getOptionValue("rate", "1");
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new UsageException("--rate '" + text + "', expected a factor such as 0 or 2.5");
        }
    }

    /** Reads an address in hex or decimal. */
    static long address(String text) throws UsageException {
        try {
            return text.startsWith("0x") || text.startsWith("0X")
                    ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            throw new UsageException("address '" + text + "', expected like 0xfffff000");
        }
    }
}
