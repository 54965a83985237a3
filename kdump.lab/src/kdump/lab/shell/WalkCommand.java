// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.pcie.Access;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Walk;
import kdump.lab.api.WalkQuestion;
import kdump.lab.shell.report.WalkReport;
import org.apache.commons.cli.Options;

/** Tells the way of one request: each entry, what it decides, and what the caches know of it. */
record WalkCommand(Lab lab) implements Command<Walk> {

    /** Options of runs that say nothing about a unit which has not run. */
    private static final List<String> RUNS =
            List.of("crash-at", "rate", "kernel", "capture-kernel", "kernel-setting");

    @Override
    public String name() {
        return "walk";
    }

    @Override
    public String arguments() {
        return "TARGET BDF IOVA";
    }

    @Override
    public String summary() {
        return "each table entry on the way of a request, and what the unit's caches make of it";
    }

    @Override
    public List<String> examples() {
        return List.of("walk vtd1 00:02.0 0xfffff000",
                "walk vtd1 00:02.0 0xfffff000 --after disable-reinit");
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.valued("pasid", "N", "the request carries this PASID"))
                .addOption(RunOptionsSpec.valued("data", "MESSAGE",
                        "data of an interrupt message"))
                .addOption(RunOptionsSpec.valued("after", "POLICY",
                        "look when a run under this policy has ended"))
                .addOption(null, "write", false, "the request writes")
                .addOption(null, "execute", false, "the request executes")
                .addOption(null, "privileged", false, "the request is privileged")
                .addOption(null, "translation-request", false, "of a device TLB");
    }

    @Override
    public Walk ask(Invocation invocation) throws UsageException, LabException {
        List<String> arguments = invocation.arguments(3, "a target, a requester and an address");
        WalkQuestion question = question(invocation, arguments);
        return lab.walk(invocation.target(arguments.get(0)), question);
    }

    @Override
    public Walk recognise(Object answer) {
        return Command.only(Walk.class, answer);
    }

    @Override
    public void text(Walk walk, PrintStream out) {
        WalkReport.print(walk, out);
    }

    @Override
    public void json(Walk walk, JsonGenerator json) throws IOException {
        WalkReport.write(walk, json);
    }

    private static WalkQuestion question(Invocation invocation, List<String> arguments)
            throws UsageException {
        int pasid = invocation.pasid();
        String policy = invocation.option("after");
        boolean write = invocation.has("write");
        boolean asks = invocation.has("translation-request");
        boolean execute = invocation.has("execute");
        boolean privileged = invocation.has("privileged");
        refuse(pasid < 0 && (execute || privileged),
                "--execute and --privileged need --pasid");
        refuse(execute && write && !asks, "--execute goes with reading, not with --write");
        for (String option : RUNS) {
            refuse(policy == null && invocation.has(option), "--" + option + " needs --after");
        }
        int access = asks && write ? Access.READ | Access.WRITE
                : write ? Access.WRITE : Access.READ;
        var question = new WalkQuestion(Invocation.requesterFrom(arguments.get(1)), pasid,
                Invocation.address(arguments.get(2)), access | (execute ? Access.EXECUTE : 0)
                        | (privileged ? Access.PRIVILEGED : 0), asks, invocation.data(), policy,
                invocation.runOptions());
        refuse(invocation.has("data") && !question.isInterrupt(),
                "--data goes with --write to an address like 0xfeexxxxx, without --pasid");
        return question;
    }

    private static void refuse(boolean wrong, String message) throws UsageException {
        if (wrong) {
            throw new UsageException(message);
        }
    }
}
