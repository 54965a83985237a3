// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.machine.FirmwareTable;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Set;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import org.apache.commons.cli.Options;

/**
 * Prints DMAR, IVRS and EBDA tables as iasl does, the kernel's lines for them, and what is wrong.
 */
record AcpiCommand(Lab lab) implements Command<List<FirmwareTable>> {

    /** Fields that begin something new. */
    private static final Set<String> FIRST =
            Set.of("Subtable Type", "Device Scope Type", "Entry Type", "Host Address Width",
                    "Scalability Node ID", "RIO Node ID");

    @Override
    public String name() {
        return "acpi";
    }

    @Override
    public String arguments() {
        return "TARGET";
    }

    @Override
    public String summary() {
        return "DMAR and IVRS tables by field, and what is wrong with them";
    }

    @Override
    public List<String> examples() {
        return List.of("acpi vtd1");
    }

    @Override
    public Options options() {
        return new Options();
    }

    @Override
    public List<FirmwareTable> ask(Invocation invocation) throws UsageException, LabException {
        return lab.firmwareTables(
                invocation.target(invocation.arguments(1, "a target").get(0)));
    }

    @Override
    public List<FirmwareTable> recognise(Object answer) {
        return Command.list(FirmwareTable.class, answer);
    }

    @Override
    public void text(List<FirmwareTable> tables, PrintStream out) {
        tables.forEach(table -> print(table, out));
    }

    @Override
    public void json(List<FirmwareTable> tables, JsonGenerator json) throws IOException {
        json.writeStartArray();
        for (FirmwareTable table : tables) {
            write(table, json);
        }
        json.writeEndArray();
    }

    private static void print(FirmwareTable table, PrintStream out) {
        out.println(table.signature() + " of " + table.source());
        for (FirmwareTable.Field field : table.fields()) {
            if (FIRST.contains(field.name())) {
                out.println();
            }
            out.printf("[%03Xh %04d %3d] %28s : %s%s%n", field.offset(), field.offset(),
                    field.bytes(), field.name(), field.value(),
                    field.meaning().isEmpty() ? "" : " [" + field.meaning() + "]");
        }
        out.println();
        table.kernelLog().forEach(out::println);
        out.println();
        if (table.findings().isEmpty()) {
            out.println("nothing wrong found");
        }
        table.findings().forEach(finding -> out.println("wrong: " + finding));
    }

    private static void write(FirmwareTable table, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("source", table.source());
        json.writeStringField("signature", table.signature());
        json.writeArrayFieldStart("fields");
        for (FirmwareTable.Field field : table.fields()) {
            json.writeStartObject();
            json.writeNumberField("offset", field.offset());
            json.writeNumberField("bytes", field.bytes());
            json.writeStringField("name", field.name());
            json.writeStringField("value", field.value());
            json.writeStringField("meaning", field.meaning());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("kernelLog");
        for (String line : table.kernelLog()) {
            json.writeString(line);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("findings");
        for (FirmwareTable.Finding finding : table.findings()) {
            json.writeStartObject();
            json.writeNumberField("offset", finding.offset());
            json.writeStringField("field", finding.field());
            json.writeStringField("message", finding.message());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
