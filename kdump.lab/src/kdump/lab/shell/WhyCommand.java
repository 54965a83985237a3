// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
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
record WhyCommand(Lab lab) implements Command<Why> {

    @Override
    public String name() {
        return "why";
    }

    @Override
    public String arguments() {
        return "MACHINE WHAT";
    }

    @Override
    public String summary() {
        return "the chain of causes behind one figure of a verdict; WHAT: fault[:BDF][:N],"
                + " untranslated[:BDF], stray[:ADDRESS], late[:ADDRESS], changed[:ADDRESS],"
                + " media[:BDF], error[:BDF], driver:BDF, dump, hung, reboot";
    }

    @Override
    public List<String> examples() {
        return List.of("why server --policy disable-reinit dump",
                "why vtd1 --policy leave-disabled untranslated:00:03.0");
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.valued("policy", "POLICY", "the policy"));
    }

    @Override
    public Why ask(Invocation invocation) throws UsageException, LabException {
        List<String> arguments = invocation.arguments(2, "a machine and a figure");
        WhyQuestion question;
        try {
            question = WhyQuestion.parse(arguments.get(1));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        return lab.why(invocation.target(arguments.get(0)), invocation.required("policy"),
                question, invocation.runOptions(), invocation.progress());
    }

    @Override
    public Why recognise(Object answer) {
        return Command.only(Why.class, answer);
    }

    @Override
    public void json(Why why, JsonGenerator json) throws IOException {
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
    }

    @Override
    public void text(Why why, PrintStream out) {
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
