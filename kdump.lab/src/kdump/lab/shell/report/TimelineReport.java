// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell.report;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.TimelineEntry;

/** What has happened in a run, one thing after the other. */
public final class TimelineReport {

    private TimelineReport() { }

    /** Prints a line an entry. */
    public static void print(List<TimelineEntry> timeline, PrintStream out) {
        timeline.forEach(e -> out.printf("%+14.6f s  %-4s %-13s %s%n", e.nanosSinceCrash() / 1e9,
                e.phase(), e.what(), e.text()));
    }

    /** Writes an array into the object in hand. */
    public static void write(String name, List<TimelineEntry> timeline, JsonGenerator json)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (TimelineEntry entry : timeline) {
            json.writeStartObject();
            json.writeNumberField("nanosSinceCrash", entry.nanosSinceCrash());
            json.writeStringField("phase", entry.phase());
            json.writeStringField("what", entry.what());
            json.writeStringField("text", entry.text());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** Returns whether an entry is a single register write, or an invalidation. */
    public static boolean isTrace(TimelineEntry entry) {
        return entry.what().equals("register") || entry.what().equals("invalidation");
    }
}
