// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineSummary;
import org.apache.commons.cli.Options;

/** Lists the machines at hand. */
record MachinesCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "machines";
    }

    @Override
    public String usage() {
        return "[--json]: the machines at hand";
    }

    @Override
    public Options options() {
        return new Options();
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        invocation.arguments(0, "none");
        List<MachineSummary> machines = lab.machines();
        if (!invocation.json()) {
            invocation.out().printf("%-20s %5s %9s  %s%n", "name", "units", "functions", "source");
            machines.forEach(m -> invocation.out().printf("%-20s %5d %9d  %s%n", m.name(),
                    m.units(), m.functions(), m.source()));
            return;
        }
        invocation.json(json -> {
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
        });
    }
}
