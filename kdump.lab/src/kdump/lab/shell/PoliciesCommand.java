// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import org.apache.commons.cli.Options;

/** Lists the policies. */
record PoliciesCommand(Lab lab) implements Command<List<PolicySummary>> {

    @Override
    public String name() {
        return "policies";
    }

    @Override
    public String arguments() {
        return "";
    }

    @Override
    public String summary() {
        return "the policies in force, and those shadowed by another of their name";
    }

    @Override
    public List<String> examples() {
        return List.of("policies");
    }

    @Override
    public Options options() {
        return new Options();
    }

    @Override
    public List<PolicySummary> ask(Invocation invocation) throws UsageException, LabException {
        invocation.arguments(0, "none");
        return lab.policies();
    }

    @Override
    public List<PolicySummary> recognise(Object answer) {
        return Command.list(PolicySummary.class, answer);
    }

    @Override
    public void text(List<PolicySummary> policies, PrintStream out) {
        out.printf("%-24s %-36s %-10s %s%n", "name", "bundle", "version", "");
        policies.forEach(p -> out.printf("%-24s %-36s %-10s %s%n", p.name(),
                p.bundle(), p.version(), p.shadowed() ? "shadowed"
                        : p.stock() ? "what the capture kernel does by itself" : ""));
    }

    @Override
    public void json(List<PolicySummary> policies, JsonGenerator json) throws IOException {
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
    }
}
