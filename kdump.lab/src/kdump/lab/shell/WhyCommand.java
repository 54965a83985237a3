// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.Collectors;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import org.apache.commons.cli.Options;

/** Tells the chain of causes behind one figure of a verdict. */
record WhyCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "why";
    }

    @Override
    public String usage() {
        return "MACHINE --policy P WHAT " + RunOptionsSpec.USAGE + " [--json]: the chain of causes"
                + " behind one figure; WHAT: fault[:BDF][:N], untranslated[:BDF], stray[:ADDRESS],"
                + " late[:ADDRESS], changed[:ADDRESS], media[:BDF], error[:BDF], driver:BDF, dump,"
                + " hung, reboot";
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.valued("policy"));
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        List<String> arguments = invocation.arguments(2, "a machine and a figure");
        WhyQuestion question;
        try {
            question = WhyQuestion.parse(arguments.get(1));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        Why why = lab.why(invocation.target(arguments.get(0)), invocation.required("policy"),
                question, invocation.runOptions());
        if (!invocation.json()) {
            print(why, invocation.out());
            return;
        }
        invocation.json(json -> {
            json.writeStartObject();
            json.writeStringField("figure", why.figure());
            json.writeArrayFieldStart("chain");
            for (Why.Link link : why.chain()) {
                json.writeStartObject();
                json.writeNumberField("nanos", link.nanosSinceCrash());
                json.writeStringField("phase", link.phase());
                json.writeStringField("actor", link.actor());
                json.writeStringField("event", link.event());
                json.writeObjectFieldStart("facts");
                for (var fact : link.facts().entrySet()) {
                    json.writeStringField(fact.getKey(), fact.getValue());
                }
                json.writeEndObject();
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private static void print(Why why, PrintStream out) {
        out.println(why.figure());
        for (Why.Link link : why.chain()) {
            out.printf("%+14.6f s  %-4s %s: %s%n", link.nanosSinceCrash() / 1e9, link.phase(),
                    link.actor(), link.event());
            if (!link.facts().isEmpty()) {
                out.println(link.facts().entrySet().stream()
                        .map(f -> f.getKey() + " " + f.getValue())
                        .collect(Collectors.joining(", ", "                        ", "")));
            }
        }
    }
}
