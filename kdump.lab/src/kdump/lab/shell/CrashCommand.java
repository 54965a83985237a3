// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.Crash;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.shell.report.TimelineReport;
import kdump.lab.shell.report.VerdictJson;
import kdump.lab.shell.report.VerdictText;
import org.apache.commons.cli.Options;

/** Runs one policy and tells what happened. */
record CrashCommand(Lab lab) implements Command<Crash> {

    @Override
    public String name() {
        return "crash";
    }

    @Override
    public String arguments() {
        return "MACHINE";
    }

    @Override
    public String summary() {
        return "one run with its timeline";
    }

    @Override
    public List<String> examples() {
        return List.of("crash server --policy linux", "crash vtd1 --policy copy-tables --trace");
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.valued("policy", "POLICY", "the policy"))
                .addOption(null, "trace", false, "register writes and invalidations too");
    }

    @Override
    public Crash ask(Invocation invocation) throws UsageException, LabException {
        String machine = invocation.arguments(1, "a machine").get(0);
        Crash crash = lab.crash(invocation.target(machine), invocation.required("policy"),
                invocation.runOptions(), invocation.progress());
        return new Crash(crash.verdict(), crash.timeline().stream()
                .filter(e -> invocation.has("trace") || !TimelineReport.isTrace(e)).toList());
    }

    @Override
    public Crash recognise(Object answer) {
        return Command.only(Crash.class, answer);
    }

    @Override
    public void text(Crash run, PrintStream out) {
        TimelineReport.print(run.timeline(), out);
        out.println();
        VerdictText.head(out);
        VerdictText.row(run.verdict(), false, out);
        VerdictText.details(run.verdict(), out);
    }

    @Override
    public void json(Crash run, JsonGenerator json) throws IOException {
        json.writeStartObject();
        VerdictJson.fields(run.verdict(), json);
        TimelineReport.write("timeline", run.timeline(), json);
        json.writeEndObject();
    }
}
