// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.trace;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import kdump.lab.api.LabException;
import kdump.lab.qtest.options.MachineOptions;

/**
 * The file of {@code -D}: a line for each event that a {@code -trace} names, as QEMU writes it.
 * Without a file nothing is written. One thread.
 */
public final class EventLog {

    private final List<Pattern> wanted;
    private final OutputStream file;
    private final StringBuilder pending = new StringBuilder();

    /**
     * Opens the file that a command line names.
     *
     * @throws LabException if it cannot be written
     */
    public EventLog(MachineOptions options) throws LabException {
        wanted = options.log() == null ? List.of()
                : options.traced().stream().map(EventLog::pattern).toList();
        try {
            file = wanted.isEmpty() ? OutputStream.nullOutputStream()
                    : Files.newOutputStream(options.log(), StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new LabException(options.log() + ": " + e.getMessage(), e);
        }
    }

    /** A name in which a star stands for anything. */
    private static Pattern pattern(String name) {
        return Pattern.compile("\\Q" + name.replace("*", "\\E.*\\Q") + "\\E");
    }

    /** Returns whether anybody wants to read of an event. */
    boolean wants(String event) {
        return wanted.stream().anyMatch(p -> p.matcher(event).matches());
    }

    /** Writes an event that is wanted. */
    void line(String event, String what) {
        pending.append(event).append(' ').append(what).append('\n');
    }

    /** Writes an event if somebody wants to read of it. */
    void tell(String event, String format, Object... values) {
        if (wants(event)) {
            line(event, String.format(format, values));
        }
    }

    /** Lets readers of the file see all lines. */
    public void flush() throws IOException {
        if (pending.length() > 0) {
            file.write(pending.toString().getBytes(StandardCharsets.US_ASCII));
            pending.setLength(0);
        }
    }
}
