// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import iommu.api.pcie.Access;
import java.io.IOException;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Walk;
import kdump.lab.api.WalkQuestion;
import org.apache.commons.cli.Options;

/** Tells the way of one request: each entry, what it decides, and what the caches know of it. */
record WalkCommand(Lab lab) implements Command {

    private static final List<String> FLAGS =
            List.of("write", "execute", "privileged", "translation-request");
    /** Options of runs that say nothing about a unit which has not run. */
    private static final List<String> RUNS =
            List.of("crash-at", "rate", "kernel", "capture-kernel", "kernel-setting");

    @Override
    public String name() {
        return "walk";
    }

    @Override
    public String usage() {
        return "TARGET BDF IOVA [--write] [--pasid N [--execute] [--privileged]]"
                + " [--translation-request] [--data MESSAGE] [--after POLICY "
                + RunOptionsSpec.USAGE + "] [--registers FILE] [--json]:"
                + " each table entry on the way, and what the unit's caches make of it";
    }

    @Override
    public Options options() {
        Options options = RunOptionsSpec.target(RunOptionsSpec.run(new Options()))
                .addOption(RunOptionsSpec.valued("pasid"))
                .addOption(RunOptionsSpec.valued("data"))
                .addOption(RunOptionsSpec.valued("after"));
        FLAGS.forEach(flag -> options.addOption(null, flag, false, null));
        return options;
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        List<String> arguments = invocation.arguments(3, "a target, a requester and an address");
        WalkQuestion question = question(invocation, arguments);
        Walk walk = lab.walk(invocation.target(arguments.get(0)), question);
        if (invocation.json()) {
            invocation.json(json -> WalkReport.write(walk, json));
        } else {
            WalkReport.print(walk, invocation.out());
        }
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
