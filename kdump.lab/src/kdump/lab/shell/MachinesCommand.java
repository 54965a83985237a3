// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineSummary;
import org.apache.commons.cli.Options;

/** Lists the machines at hand. */
record MachinesCommand(Lab lab) implements Command<List<MachineSummary>> {

    @Override
    public String name() {
        return "machines";
    }

    @Override
    public String arguments() {
        return "";
    }

    @Override
    public String summary() {
        return "the machines at hand";
    }

    @Override
    public List<String> examples() {
        return List.of("machines");
    }

    @Override
    public Options options() {
        return new Options();
    }

    @Override
    public List<MachineSummary> ask(Invocation invocation) throws UsageException, LabException {
        invocation.arguments(0, "none");
        return lab.machines();
    }

    @Override
    public List<MachineSummary> recognise(Object answer) {
        return Command.list(MachineSummary.class, answer);
    }

    @Override
    public void text(List<MachineSummary> machines, PrintStream out) {
        out.printf("%-20s %5s %9s  %s%n", "name", "units", "functions", "source");
        machines.forEach(m -> out.printf("%-20s %5d %9d  %s%n", m.name(), m.units(),
                m.functions(), m.source()));
    }

    @Override
    public void json(List<MachineSummary> machines, JsonGenerator json) throws IOException {
        json.writeStartArray();
        for (MachineSummary m : machines) {
            json.writeStartObject();
            json.writeStringField("name", m.name());
            json.writeNumberField("units", m.units());
            json.writeNumberField("functions", m.functions());
            json.writeStringField("source", m.source());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
