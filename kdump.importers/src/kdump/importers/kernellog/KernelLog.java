// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * The messages of one boot, without what comes before each: level, time, processor, or what a log
 * daemon adds. Of a console that saw several boots the first counts: it is the kernel that crashed.
 *
 * @param name of the file
 * @param messages in order
 */
public record KernelLog(String name, List<String> messages) {

    /** Most bytes of a log: what the largest log buffers of kernels hold. */
    public static final int MAX_BYTES = 32 << 20;

    private static final Pattern BEFORE = Pattern.compile("(?:<\\d{1,3}>)?(?:.{0,100}? kernel: )?"
            + "(?:\\[ *\\d{1,9}\\.\\d{1,9}\\]|\\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \\d:]{10,20}\\])?"
            + "(?: ?\\[ *[CT]\\d{1,9}\\])? ?");
    private static final Pattern VERSION = Pattern.compile("Linux version (\\S{1,200}).*");
    private static final Pattern TELLS = Pattern.compile(
            "Linux version \\d.*|BIOS-e820: .*|.*\\breg_base_addr [0-9a-f]+ .*|Command line: .*"
                    + "|pci [0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]: .*"
                    + "|(?:DMAR|AMD-Vi|dmar): .*");
    /** What colours a terminal, as dmesg does if it is asked to. */
    private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;]{0,20}[A-Za-z]");
    private static final int MAX_LINE = 2_000;

    /** Copies the list. */
    public KernelLog {
        messages = List.copyOf(messages);
    }

    /** Takes the first boot out of a text. */
    public static KernelLog of(TextFile text) {
        List<String> messages = new ArrayList<>();
        boolean begun = false;
        for (String line : text.lines()) {
            String message = message(line);
            if (message.startsWith("Linux version ")) {
                if (begun) {
                    break;
                }
                begun = true;
            }
            messages.add(message);
        }
        return new KernelLog(text.name(), messages);
    }

    private static String message(String line) {
        String cut = line.length() > MAX_LINE ? line.substring(0, MAX_LINE) : line;
        if (cut.indexOf('\u001b') >= 0) {
            cut = COLOUR.matcher(cut).replaceAll("");
        }
        Matcher before = BEFORE.matcher(cut);
        return (before.lookingAt() ? cut.substring(before.end()) : cut).stripTrailing();
    }

    /** Returns how many lines of a text tell of a machine as a kernel's log does. */
    public static long tellingLines(TextFile text) {
        return text.lines().stream().filter(l -> TELLS.matcher(message(l)).matches()).count();
    }

    /** Returns the version of the kernel; empty if the log does not begin with the boot. */
    public String release() {
        return firstGroup(VERSION);
    }

    /** Returns the kernel's command line; empty if the log has none. */
    public String commandLine() {
        return firstGroup(Pattern.compile("(?:Kernel command line|Command line): ?(.*)")).strip();
    }

    private String firstGroup(Pattern pattern) {
        for (String message : messages) {
            Matcher m = pattern.matcher(message);
            if (m.matches()) {
                return m.group(1);
            }
        }
        return "";
    }
}
