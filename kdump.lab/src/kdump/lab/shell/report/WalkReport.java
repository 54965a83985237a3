// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell.report;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import kdump.lab.api.Walk;

/** A walk as text and as JSON. */
public final class WalkReport {

    private WalkReport() { }

    // ---- JSON -----------------------------------------------------------------------------------

    public static void write(Walk walk, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("steps");
        for (Walk.Step step : walk.steps()) {
            write(step, json);
        }
        json.writeEndArray();
        json.writeObjectFieldStart("result");
        fields(walk.result(), json);
        json.writeBooleanField("stale", walk.stale());
        if (walk.tables() != null) {
            json.writeObjectFieldStart("tables");
            fields(walk.tables(), json);
            json.writeEndObject();
        }
        if (walk.verdict() != null) {
            json.writeObjectFieldStart("after");
            json.writeStringField("policy", walk.verdict().policy());
            json.writeStringField("captureKernel", walk.verdict().captureKernel());
            json.writeStringField("dump", walk.verdict().dump());
            json.writeEndObject();
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void write(Walk.Step step, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("structure", step.structure());
        json.writeStringField("address", hex(step.address()));
        json.writeArrayFieldStart("raw");
        for (long word : step.raw()) {
            json.writeString(String.format("0x%016x", word));
        }
        json.writeEndArray();
        json.writeObjectFieldStart("fields");
        for (Walk.Field field : step.fields()) {
            json.writeStringField(field.name(), field.value());
        }
        json.writeEndObject();
        json.writeStringField("decision", step.decision());
        Walk.Cache cache = step.cache();
        json.writeObjectFieldStart("cache");
        json.writeStringField("name", cache.name());
        json.writeStringField("outcome", cache.outcome());
        json.writeStringField("value", cache.value());
        json.writeBooleanField("stale", cache.stale());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void fields(Walk.Result result, JsonGenerator json) throws IOException {
        json.writeStringField("outcome", result.outcome());
        json.writeStringField("physicalAddress",
                result.physicalAddress() == null ? null : hex(result.physicalAddress()));
        json.writeNumberField("pageBytes", result.pageBytes());
        json.writeStringField("fault", result.fault());
        json.writeStringField("text", result.text());
    }

    // ---- text -----------------------------------------------------------------------------------

    public static void print(Walk walk, PrintStream out) {
        if (walk.verdict() != null) {
            out.println("after " + walk.verdict().policy() + ": capture kernel "
                    + walk.verdict().captureKernel() + ", dump " + walk.verdict().dump());
        }
        for (Walk.Step step : walk.steps()) {
            out.printf("%-24s at %s:", step.structure(), hex(step.address()));
            step.raw().forEach(word -> out.printf(" %016x", word));
            out.println();
            step.fields().forEach(f -> out.printf("    %-10s %s%n", f.name(), f.value()));
            out.println("    -> " + step.decision());
            out.println("    " + text(step.cache()));
        }
        out.println(text(walk.result()));
        if (walk.stale() && walk.tables() != null) {
            out.println("without the caches, memory says: " + text(walk.tables()));
        }
    }

    private static String text(Walk.Cache cache) {
        return switch (cache.outcome()) {
            case "hit" -> cache.name() + ": hit, " + cache.value()
                    + (cache.stale() ? " (stale: memory says otherwise)" : "");
            case "skipped" -> "not read: " + cache.name() + " has answered";
            case "none" -> "no cache keeps it";
            default -> cache.name() + ": " + cache.outcome();
        };
    }

    private static String text(Walk.Result result) {
        String more = result.text().isEmpty() ? "" : ", " + result.text();
        if (result.physicalAddress() != null) {
            return result.outcome() + ": " + hex(result.physicalAddress())
                    + (result.pageBytes() > 0 ? " in a page of " + result.pageBytes() + " bytes"
                            : "") + more;
        }
        return result.outcome() + ": " + (result.fault() == null ? "" : result.fault() + " ")
                + result.text();
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
