// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import iommu.api.machine.FirmwareTable;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import kdump.lab.api.BundleState;
import kdump.lab.api.Comparison;
import kdump.lab.api.Crash;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineFile;
import kdump.lab.api.MachineSummary;
import kdump.lab.api.Mappings;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.Progress;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.Walk;
import kdump.lab.api.WalkQuestion;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;

/** A lab that notes what it is asked and answers what a test has put there. */
final class FakeLab implements Lab {

    /** What a command left behind. */
    record Result(int status, String out, String err) { }

    static final Path HERE = Path.of("here").toAbsolutePath();
    static final Verdict CLEAN = verdict("copy-tables", "ok", "complete", 0, List.of());

    final List<MachineSummary> machines = new ArrayList<>();
    final List<PolicySummary> policies = new ArrayList<>();
    final List<BundleState> bundles = new ArrayList<>();
    Set<String> stock = Set.of();
    final List<Verdict> verdicts = new ArrayList<>(List.of(CLEAN));
    final List<TimelineEntry> timeline = new ArrayList<>();
    final List<FirmwareTable> tables = new ArrayList<>();
    Walk walk;
    LabException refusal;
    boolean mapped = true;

    Target target;
    RunOptions options;
    WalkQuestion question;
    List<String> asked;

    /** Runs one command as ./lab does. */
    Result run(String... arguments) {
        return run(new Commands(this), arguments);
    }

    static Result run(Commands commands, String... arguments) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int status = commands.run(arguments,
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), HERE);
        return new Result(status, out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8));
    }

    static Verdict verdict(String policy, String kernel, String dump, long faults,
            List<String> reasons) {
        var byReason = new TreeMap<String, Long>();
        var byRequester = new TreeMap<String, Long>();
        if (faults > 0) {
            byReason.put("vtd:0x06", faults);
            byRequester.put("0000:02:00.0", faults);
        }
        return new Verdict(policy, kernel, dump, 1, 2, 3, 0, 5, 0, 7,
                new Verdict.Faults(faults, faults, 1, byReason, byRequester, List.of()),
                new Verdict.Untranslated(0, new TreeMap<>(), new Verdict.Landed(0, 0, 0, 0, 0)),
                false, List.of(), new Verdict.Interrupts(1, 2, 3), List.of(), 9, "not reached",
                reasons, List.of("assumed much"));
    }

    /** What compare did not run, and found to be the same. */
    List<Comparison.NotRun> notRun = List.of();
    List<Comparison.Same> same = List.of();

    private void about(Target asks, RunOptions with) throws LabException {
        target = asks;
        options = with;
        if (refusal != null) {
            throw refusal;
        }
    }

    @Override
    public List<MachineSummary> machines() throws LabException {
        about(null, null);
        return machines;
    }

    @Override
    public List<PolicySummary> policies() {
        return policies;
    }

    @Override
    public List<BundleState> bundles() {
        return bundles;
    }

    @Override
    public Comparison compare(Target machine, List<String> named, RunOptions with,
            Progress progress) throws LabException {
        about(machine, with);
        asked = named;
        progress.at(1, 1, "copy-tables T0");
        return new Comparison(machine.text(), with, "linux-6.1", List.of("assumed much"),
                List.copyOf(verdicts), stock, notRun, same);
    }

    @Override
    public Why why(Target machine, String policy, WhyQuestion question, RunOptions with,
            Progress progress) throws LabException {
        about(machine, with);
        asked = List.of(policy + " " + question.figure());
        return new Why("2 requests were blocked", List.of(new Why.Link(1_500, "T6", "unit 0",
                "blocks a request", Map.of("address", "0xfff000"))));
    }

    @Override
    public Crash crash(Target machine, String policy, RunOptions with, Progress progress)
            throws LabException {
        about(machine, with);
        asked = List.of(policy);
        return new Crash(verdicts.get(0), List.copyOf(timeline));
    }

    @Override
    public List<String> requesters(Target machine) throws LabException {
        about(machine, null);
        return List.of("0000:00:02.0", "0000:00:1f.2");
    }

    @Override
    public void mappings(Target of, int requester, int pasid, Mappings visitor)
            throws LabException {
        about(of, null);
        asked = List.of(requester + " " + pasid);
        if (mapped) {
            visitor.mapping(0, 0x200, 7, 0xfffff000L, 0x123000, 4096, "rw");
            visitor.passThrough(1, 0x10300, 8);
        }
        visitor.remark("The dump breaks off.");
    }

    @Override
    public Walk walk(Target of, WalkQuestion asks) throws LabException {
        about(of, asks.options());
        question = asks;
        return walk;
    }

    @Override
    public MachineFile machineFile(Target asked, Path folder) throws LabException {
        target = asked;
        if (refusal != null) {
            throw refusal;
        }
        return new MachineFile("name: of " + folder.getFileName() + "\n", "{\"name\":\"m\"}\n",
                2, 3, "../vmcore", List.of("It rains."));
    }

    @Override
    public List<FirmwareTable> firmwareTables(Target of) throws LabException {
        about(of, null);
        return tables;
    }
}
