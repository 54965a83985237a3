// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import org.apache.commons.cli.Options;

/** Lists the policies. */
record PoliciesCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "policies";
    }

    @Override
    public String usage() {
        return "[--json]: the policies in force, and those shadowed by another of their name";
    }

    @Override
    public Options options() {
        return new Options();
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        invocation.arguments(0, "none");
        List<PolicySummary> policies = lab.policies();
        if (!invocation.json()) {
            invocation.out().printf("%-24s %-36s %-10s %s%n", "name", "bundle", "version", "");
            policies.forEach(p -> invocation.out().printf("%-24s %-36s %-10s %s%n", p.name(),
                    p.bundle(), p.version(), p.shadowed() ? "shadowed"
                            : p.stock() ? "what the capture kernel does by itself" : ""));
            return;
        }
        invocation.json(json -> {
            json.writeStartArray();
            for (PolicySummary p : policies) {
                json.writeStartObject();
                json.writeStringField("name", p.name());
                json.writeStringField("bundle", p.bundle());
                json.writeStringField("version", p.version());
                json.writeArrayFieldStart("vendors");
                for (String vendor : p.vendors()) {
                    json.writeString(vendor);
                }
                json.writeEndArray();
                json.writeBooleanField("shadowed", p.shadowed());
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }
}
