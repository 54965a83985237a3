// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import kdump.lab.api.Crash;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.TimelineEntry;
import org.apache.commons.cli.Options;

/** Runs one policy and tells what happened. */
record CrashCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "crash";
    }

    @Override
    public String usage() {
        return "MACHINE --policy P [--trace] " + RunOptionsSpec.USAGE
                + " [--json]: one run with its timeline;"
                + " --trace adds register writes and invalidations";
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.valued("policy")).addOption(null, "trace", false, null);
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        String machine = invocation.arguments(1, "a machine").get(0);
        Crash crash = lab.crash(invocation.target(machine), invocation.required("policy"),
                invocation.runOptions());
        boolean trace = invocation.has("trace");
        if (!invocation.json()) {
            crash.timeline().stream().filter(e -> trace || !isTrace(e))
                    .forEach(e -> invocation.out().printf("%+14.6f s  %-4s %-13s %s%n",
                            e.nanosSinceCrash() / 1e9, e.phase(), e.what(), e.text()));
            invocation.out().println();
            VerdictText.head(invocation.out());
            VerdictText.row(crash.verdict(), false, invocation.out());
            VerdictText.details(crash.verdict(), invocation.out());
            return;
        }
        invocation.json(json -> {
            json.writeStartObject();
            VerdictJson.fields(crash.verdict(), json);
            json.writeArrayFieldStart("timeline");
            for (TimelineEntry entry : crash.timeline()) {
                if (trace || !isTrace(entry)) {
                    json.writeStartObject();
                    json.writeNumberField("nanosSinceCrash", entry.nanosSinceCrash());
                    json.writeStringField("phase", entry.phase());
                    json.writeStringField("what", entry.what());
                    json.writeStringField("text", entry.text());
                    json.writeEndObject();
                }
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private static boolean isTrace(TimelineEntry entry) {
        return entry.what().equals("register") || entry.what().equals("invalidation");
    }
}
