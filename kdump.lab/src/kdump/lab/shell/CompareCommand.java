// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.Comparison;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.shell.report.VerdictJson;
import kdump.lab.shell.report.VerdictText;
import org.apache.commons.cli.Options;

/** Runs all policies on one machine and prints the matrix. */
record CompareCommand(Lab lab) implements Command<Comparison> {

    @Override
    public String name() {
        return "compare";
    }

    @Override
    public String arguments() {
        return "MACHINE";
    }

    @Override
    public String summary() {
        return "every policy in force on one machine: the matrix";
    }

    @Override
    public List<String> examples() {
        return List.of("compare server --seed 7",
                "compare vtd1 --policy linux --policy copy-tables --json");
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.policy("only this policy"));
    }

    @Override
    public Comparison ask(Invocation invocation) throws UsageException, LabException {
        String machine = invocation.arguments(1, "a machine").get(0);
        return lab.compare(invocation.target(machine), invocation.values("policy"),
                invocation.runOptions(), invocation.progress());
    }

    @Override
    public Comparison recognise(Object answer) {
        return Command.only(Comparison.class, answer);
    }

    @Override
    public void json(Comparison comparison, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("machine", comparison.machine());
        json.writeNumberField("seed", comparison.options().seed());
        json.writeNumberField("crashAtNanos", comparison.options().crashAtNanos());
        json.writeStringField("profile", comparison.profile());
        json.writeArrayFieldStart("verdicts");
        for (Verdict verdict : comparison.verdicts()) {
            json.writeStartObject();
            VerdictJson.fields(verdict, json);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    @Override
    public void text(Comparison comparison, PrintStream out) {
        out.printf("machine %s, seed %d, crash at %s, kernels %s%n", comparison.machine(),
                comparison.options().seed(), Durations.format(comparison.options().crashAtNanos()),
                comparison.profile());
        comparison.assumptions().forEach(a -> out.println("  " + a));
        out.println();
        VerdictText.head(out);
        comparison.verdicts().forEach(
                v -> VerdictText.row(v, comparison.stock().contains(v.policy()), out));
        if (!comparison.stock().isEmpty()) {
            out.println("* what this capture kernel, with its command line, does by itself");
        }
        groups(comparison, out);
        comparison.verdicts().forEach(v -> VerdictText.details(v, out));
    }

    /** Says which policies asked for the same here, and which did not run. */
    private static void groups(Comparison comparison, PrintStream out) {
        for (Comparison.Same same : comparison.same()) {
            out.println("the same here, step by step: " + String.join(", ", same.policies()));
            same.reasons().forEach(reason -> out.println("  " + reason));
        }
        if (!comparison.notRun().isEmpty()) {
            out.println("not applicable:");
            comparison.notRun().forEach(
                    n -> out.printf("  %-24s %s%n", n.policy(), n.reason()));
        }
    }
}
