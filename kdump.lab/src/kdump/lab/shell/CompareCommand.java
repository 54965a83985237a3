// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import java.io.PrintStream;
import kdump.lab.api.Comparison;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import org.apache.commons.cli.Options;

/** Runs all policies on one machine and prints the matrix. */
record CompareCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "compare";
    }

    @Override
    public String usage() {
        return "MACHINE [--policy P]... " + RunOptionsSpec.USAGE + " [--json]:"
                + " the matrix over all policies in force";
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.valued("policy"));
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        String machine = invocation.arguments(1, "a machine").get(0);
        Comparison comparison = lab.compare(invocation.target(machine), invocation.values("policy"),
                invocation.runOptions());
        if (!invocation.json()) {
            print(comparison, invocation.out());
            return;
        }
        invocation.json(json -> {
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
        });
    }

    private static void print(Comparison comparison, PrintStream out) {
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
