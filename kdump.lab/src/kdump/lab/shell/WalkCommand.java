// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static kdump.lab.shell.MappingsCommand.hex;

import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.pcie.Access;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Walk;
import org.apache.commons.cli.Options;

/** Walks the tables for one address and tells each entry read on the way. */
record WalkCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "walk";
    }

    @Override
    public String usage() {
        return "TARGET BDF IOVA [--write] [--registers FILE] [--json]:"
                + " each table entry read on the way";
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(new Options()).addOption(null, "write", false, null);
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        List<String> arguments = invocation.arguments(3, "a target, a requester and an address");
        Walk walk = lab.walk(invocation.target(arguments.get(0)),
                Invocation.requesterFrom(arguments.get(1)), Invocation.address(arguments.get(2)),
                invocation.has("write") ? Access.WRITE : Access.READ);
        if (invocation.json()) {
            invocation.json(json -> write(walk, json));
        } else {
            print(walk, invocation.out());
        }
    }

    private static void write(Walk walk, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("steps");
        for (Walk.Step step : walk.steps()) {
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
            json.writeEndObject();
        }
        json.writeEndArray();
        Walk.Result result = walk.result();
        json.writeObjectFieldStart("result");
        json.writeStringField("outcome", result.outcome());
        json.writeStringField("physicalAddress",
                result.physicalAddress() == null ? null : hex(result.physicalAddress()));
        json.writeNumberField("pageBytes", result.pageBytes());
        json.writeStringField("fault", result.fault());
        json.writeStringField("text", result.text());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void print(Walk walk, PrintStream out) {
        for (Walk.Step step : walk.steps()) {
            out.printf("%-24s at %s:", step.structure(), hex(step.address()));
            step.raw().forEach(word -> out.printf(" %016x", word));
            out.println();
            step.fields().forEach(f -> out.printf("    %-10s %s%n", f.name(), f.value()));
            out.println("    -> " + step.decision());
        }
        Walk.Result result = walk.result();
        if (result.physicalAddress() == null) {
            out.println("blocked: " + result.fault() + " " + result.text());
        } else {
            out.println(result.outcome() + ": " + hex(result.physicalAddress())
                    + (result.pageBytes() > 0 ? " in a page of " + result.pageBytes() + " bytes"
                            : ""));
        }
    }
}
