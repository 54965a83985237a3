// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.BundleState;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import org.apache.commons.cli.Options;

/** Lists the policies; with --all what any bundle offers, and why something is not in force. */
record PoliciesCommand(Lab lab) implements Command<List<?>> {

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
        return List.of("policies", "policies --all");
    }

    @Override
    public Options options() {
        return new Options().addOption(null, "all", false,
                "bundles of all kinds, and why one is not in force");
    }

    @Override
    public List<?> ask(Invocation invocation) throws UsageException, LabException {
        invocation.arguments(0, "none");
        return invocation.has("all") ? lab.bundles() : lab.policies();
    }

    @Override
    public List<?> recognise(Object answer) {
        List<?> policies = Command.list(PolicySummary.class, answer);
        return policies != null ? policies : Command.list(BundleState.class, answer);
    }

    @Override
    public void text(List<?> rows, PrintStream out) {
        if (!rows.isEmpty() && rows.get(0) instanceof BundleState) {
            out.printf("%-18s %-24s %-36s %-10s %s%n", "kind", "name", "bundle", "version",
                    "state");
        } else {
            out.printf("%-24s %-36s %-10s %s%n", "name", "bundle", "version", "");
        }
        for (Object row : rows) {
            if (row instanceof BundleState b) {
                out.printf("%-18s %-24s %-36s %-10s %s%n", b.kind(), b.name(), b.bundle(),
                        b.version(), b.state().word()
                                + (b.reason().isEmpty() ? "" : ": " + b.reason()));
            } else if (row instanceof PolicySummary p) {
                out.printf("%-24s %-36s %-10s %s%n", p.name(), p.bundle(), p.version(),
                        p.shadowed() ? "shadowed"
                                : p.stock() ? "what the capture kernel does by itself" : "");
            }
        }
    }

    @Override
    public void json(List<?> rows, JsonGenerator json) throws IOException {
        json.writeStartArray();
        for (Object row : rows) {
            json.writeStartObject();
            if (row instanceof BundleState b) {
                bundle(b, json);
            } else if (row instanceof PolicySummary p) {
                policy(p, json);
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void bundle(BundleState b, JsonGenerator json) throws IOException {
        json.writeStringField("kind", b.kind());
        json.writeStringField("name", b.name());
        json.writeStringField("bundle", b.bundle());
        json.writeStringField("version", b.version());
        json.writeStringField("state", b.state().word());
        json.writeStringField("reason", b.reason());
    }

    private static void policy(PolicySummary p, JsonGenerator json) throws IOException {
        json.writeStringField("name", p.name());
        json.writeStringField("bundle", p.bundle());
        json.writeStringField("version", p.version());
        json.writeArrayFieldStart("vendors");
        for (String vendor : p.vendors()) {
            json.writeString(vendor);
        }
        json.writeEndArray();
        json.writeBooleanField("shadowed", p.shadowed());
    }
}
