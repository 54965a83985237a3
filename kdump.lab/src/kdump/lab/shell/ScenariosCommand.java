// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Supplier;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.ScenarioResult;
import kdump.lab.api.experiment.Scenarios;
import org.apache.commons.cli.Options;

/**
 * Tries claims about hand-overs.
 *
 * @param scenarios the claims; null if no bundle brings any
 */
record ScenariosCommand(Supplier<Scenarios> scenarios) implements Command<List<ScenarioResult>> {

    @Override
    public String name() {
        return "scenarios";
    }

    @Override
    public String arguments() {
        return "[ID]...";
    }

    @Override
    public String summary() {
        return "claims of the posts about crash hand-overs, each tried by an experiment; S1 is"
                + " all of S1-1, S1-2 and so on";
    }

    @Override
    public List<String> examples() {
        return List.of("scenarios S1-9", "scenarios S3 --json");
    }

    @Override
    public Options options() {
        return new Options().addOption(
                RunOptionsSpec.valued("seed", "N", "of every choice that is left open"));
    }

    @Override
    public List<ScenarioResult> ask(Invocation invocation) throws UsageException, LabException {
        Scenarios claims = scenarios.get();
        if (claims == null) {
            throw new LabException("no bundle brings claims");
        }
        long seed = invocation.seed();
        List<String> ids = chosen(claims, invocation.arguments());
        var results = new ArrayList<ScenarioResult>();
        for (String id : ids) {
            invocation.progress().at(results.size() + 1, ids.size(), id);
            results.add(claims.run(id, seed));
            if (invocation.tells()) {
                // one after the other, for they take a minute together
                tell(invocation.out(), results.get(results.size() - 1));
            }
        }
        return invocation.tells() ? null : results;
    }

    @Override
    public List<ScenarioResult> recognise(Object answer) {
        return Command.list(ScenarioResult.class, answer);
    }

    @Override
    public void text(List<ScenarioResult> results, PrintStream out) {
        results.forEach(result -> tell(out, result));
    }

    @Override
    public void json(List<ScenarioResult> results, JsonGenerator json) throws IOException {
        json.writeStartArray();
        for (ScenarioResult result : results) {
            write(json, result);
        }
        json.writeEndArray();
    }

    private static List<String> chosen(Scenarios claims, List<String> wanted)
            throws LabException {
        if (wanted.isEmpty()) {
            return claims.ids();
        }
        var chosen = new LinkedHashSet<String>();
        for (String id : wanted) {
            List<String> found = claims.ids().stream()
                    .filter(c -> c.equals(id) || c.startsWith(id + "-")).toList();
            if (found.isEmpty()) {
                throw new LabException("no claim '" + id + "'; there are "
                        + String.join(", ", claims.ids()));
            }
            chosen.addAll(found);
        }
        return List.copyOf(chosen);
    }

    private static void tell(PrintStream out, ScenarioResult result) {
        out.printf("%s  %s%n", result.id(), result.claim());
        out.printf("    run       %s%n", result.setup());
        out.printf("    expected  %s%n", result.expected());
        out.printf("    observed  %s%n", result.observed());
        out.printf("    holds     %s: %s%n%n", result.holds().word(), result.reason());
        out.flush();
    }

    private static void write(JsonGenerator json, ScenarioResult result) throws IOException {
        json.writeStartObject();
        json.writeStringField("id", result.id());
        json.writeStringField("claim", result.claim());
        json.writeStringField("setup", result.setup());
        json.writeStringField("expected", result.expected());
        json.writeStringField("observed", result.observed());
        json.writeStringField("holds", result.holds().word());
        json.writeStringField("reason", result.reason());
        json.writeNumberField("runs", result.runs());
        double[] interval = result.interval();
        if (interval == null) {
            json.writeNullField("interval");
        } else {
            json.writeFieldName("interval");
            json.writeArray(interval, 0, interval.length);
        }
        json.writeEndObject();
    }
}
