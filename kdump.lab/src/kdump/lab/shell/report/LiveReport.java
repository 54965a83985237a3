// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell.report;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import kdump.lab.api.live.LiveState;

/** How a live machine stands. */
public final class LiveReport {

    private LiveReport() { }

    /** Prints what has happened, without single registers, and where the machine is now. */
    public static void news(LiveState state, PrintStream out) {
        TimelineReport.print(state.news().stream().filter(e -> !TimelineReport.isTrace(e)
                && !e.what().equals("config")).toList(), out);
        out.printf("%s under %s: %s at %+.6f s; %d faults, %d untranslated%s%n", state.machine(),
                state.policy(), state.phase() == null ? "not begun" : state.phase(),
                state.nanosSinceCrash() / 1e9, state.faults().requests(), state.untranslated(),
                state.ended() == null ? "" : "; ended: " + state.ended());
    }

    /** Prints phases, units and devices too. */
    public static void all(LiveState state, PrintStream out) {
        news(state, out);
        out.printf("%n%-6s %-22s %12s%n", "phase", "", "begins");
        state.phases().forEach(p -> out.printf("%-6s %-22s %+10.3f s%s%n", p.label(), p.name(),
                p.nanosSinceCrash() / 1e9, p.label().equals(state.phase()) ? "  <- here" : ""));
        out.printf("%n%-6s %-10s %s%n", "unit", "vendor", "");
        state.units().forEach(u -> out.printf("%-6d %-10s %s%n", u.index(), u.vendor(),
                u.translating() ? "translates" : "off"));
        out.printf("%n%-14s %-10s %9s  %s%n", "device", "bus master", "in flight", "driver");
        state.devices().forEach(d -> out.printf("%-14s %-10s %9d  %s%n", d.requester(),
                d.busMaster() ? "yes" : "no", d.inFlight(), d.driver()));
    }

    /** Writes it as one object. */
    public static void write(LiveState state, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("machine", state.machine());
        json.writeStringField("policy", state.policy());
        json.writeStringField("phase", state.phase());
        json.writeNumberField("nanosSinceCrash", state.nanosSinceCrash());
        json.writeStringField("ended", state.ended());
        json.writeNumberField("faults", state.faults().requests());
        json.writeNumberField("untranslated", state.untranslated());
        json.writeArrayFieldStart("phases");
        for (LiveState.PhaseState phase : state.phases()) {
            json.writeStartObject();
            json.writeStringField("label", phase.label());
            json.writeStringField("name", phase.name());
            json.writeNumberField("nanosSinceCrash", phase.nanosSinceCrash());
            json.writeBooleanField("begun", phase.begun());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("units");
        for (LiveState.UnitState unit : state.units()) {
            json.writeStartObject();
            json.writeNumberField("index", unit.index());
            json.writeStringField("vendor", unit.vendor());
            json.writeBooleanField("translating", unit.translating());
            json.writeEndObject();
        }
        json.writeEndArray();
        devices(state, json);
        TimelineReport.write("news", state.news(), json);
        json.writeEndObject();
    }

    private static void devices(LiveState state, JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("devices");
        for (LiveState.DeviceState device : state.devices()) {
            json.writeStartObject();
            json.writeStringField("requester", device.requester());
            json.writeBooleanField("busMaster", device.busMaster());
            json.writeStringField("driver", device.driver());
            json.writeNumberField("inFlight", device.inFlight());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
