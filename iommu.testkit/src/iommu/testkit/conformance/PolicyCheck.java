// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.StepCheck;
import iommu.testkit.FakeHandover;
import iommu.testkit.conformance.PolicyMachines.Described;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.opentest4j.AssertionFailedError;

/**
 * Asks a policy all that a machine may ask it. Each method ends with an {@link AssertionError} that
 * names machine, phase and event if the policy does not keep to the rule; a policy that never
 * returns makes the method never return, see {@link PolicyConformance}. One thread.
 */
public final class PolicyCheck {

    /** More steps for one event than any kernel has to do: some hundred a unit and function. */
    public static final int MOST_STEPS = 10_000;
    /** As often as the lab tells a policy that its answer to a refusal was refused, too. */
    private static final int MOST_REFUSALS = 8;

    private final Supplier<HandoverPolicy> policies;
    private final List<Described> machines;

    /**
     * Makes the check of one policy.
     *
     * @param policies makes it, anew at each call
     * @param vendors whose units the machines have; at least one
     */
    public PolicyCheck(Supplier<HandoverPolicy> policies, List<String> vendors) {
        if (vendors.isEmpty()) {
            throw new IllegalArgumentException("no vendor");
        }
        this.policies = policies;
        machines = PolicyMachines.all(vendors);
    }

    /** All that may happen is answered: no exception, no null, no step that nobody could do. */
    public void answersEverything() {
        HandoverPolicy policy = policies.get();
        for (Described described : machines) {
            for (Phase phase : Phase.values()) {
                for (HandoverEvent event : events(described, phase)) {
                    ask(policy, described, described.make(), phase, event);
                }
            }
        }
    }

    /** Steps name units and functions that the machine has, as long as events do. */
    public void namesOnlyWhatIsThere() {
        HandoverPolicy policy = policies.get();
        for (Described described : machines) {
            FakeHandover machine = described.make();
            List<Integer> functions = machine.functions().stream()
                    .map(HandoverView.FunctionView::requester).toList();
            for (Phase phase : Phase.values()) {
                var start = new HandoverEvent.PhaseStart(phase);
                for (Step step : ask(policy, described, machine, phase, start)) {
                    check(step.unit() < machine.units().size(), "a unit that is not there: "
                            + step, described, phase, start);
                    check(requester(step) < 0 || functions.contains(requester(step)),
                            "a function that is not there: " + step, described, phase, start);
                }
            }
        }
    }

    private static List<HandoverEvent> events(Described described, Phase phase) {
        return PolicyMachines.events(phase, described.units().size());
    }

    private static int requester(Step step) {
        return step instanceof Step.WriteConfig s ? s.requester()
                : step instanceof Step.IdentityMap s ? s.requester()
                        : step instanceof Step.BlockFunction s ? s.requester()
                        : step instanceof Step.AwaitReady s ? s.requester() : -1;
    }

    /**
     * The same machine gets the same answers, from another object and from one that has seen other
     * machines before: a policy keeps what it must remember in notes alone.
     */
    public void keepsNoState() {
        HandoverPolicy used = policies.get();
        for (Described described : machines) {
            List<String> fresh = answers(policies.get(), described);
            List<String> again = answers(used, described);
            for (int i = 0; i < fresh.size(); i++) {
                if (!fresh.get(i).equals(again.get(i))) {
                    throw new AssertionFailedError("of " + described + ", a policy that was used"
                            + " before answers otherwise than a new one", fresh.get(i),
                            again.get(i));
                }
            }
        }
    }

    /** Returns the answers of a whole hand-over, in which notes are kept. */
    private List<String> answers(HandoverPolicy policy, Described described) {
        var answers = new ArrayList<String>();
        FakeHandover machine = described.make();
        for (Phase phase : Phase.values()) {
            for (HandoverEvent event : events(described, phase)) {
                answers.add(phase + ", " + event + ": "
                        + ask(policy, described, machine, phase, event));
            }
        }
        return answers;
    }

    /** A machine that refuses every step is given up after a few answers. */
    public void endsWhenAllIsRefused() {
        HandoverPolicy policy = policies.get();
        for (Described described : machines) {
            FakeHandover machine = described.make();
            for (Phase phase : Phase.values()) {
                HandoverEvent event = new HandoverEvent.PhaseStart(phase);
                int most = Math.max(MOST_REFUSALS, described.units().size());
                for (int refused = 0; event != null; refused++) {
                    check(refused <= most, "another step after " + most + " refusals", described,
                            phase, event);
                    event = firstRefused(ask(policy, described, machine, phase, event));
                }
            }
        }
    }

    private static HandoverEvent firstRefused(List<Step> steps) {
        return steps.stream().filter(step -> !(step instanceof Step.Remark)).findFirst()
                .map(step -> new HandoverEvent.StepRefused(step, "no")).orElse(null);
    }

    private List<Step> ask(HandoverPolicy policy, Described described, FakeHandover machine,
            Phase phase, HandoverEvent event) {
        var view = new BoundedView(machine, phase, described.registers());
        List<Step> steps;
        try {
            steps = policy.decide(event, view, machine);
        } catch (RuntimeException | StackOverflowError e) {
            throw new AssertionFailedError(told(described, phase, event) + e, e);
        } finally {
            view.die();
        }
        check(steps != null, "null", described, phase, event);
        check(steps.size() <= MOST_STEPS, steps.size() + " steps", described, phase, event);
        long nanos = 0;
        for (Step step : steps) {
            String wrong = StepCheck.wrong(step);
            check(wrong == null, step + ": " + wrong, described, phase, event);
            nanos += step instanceof Step.Sleep sleep ? sleep.nanos() : 0;
        }
        check(nanos <= StepCheck.MAX_NANOS, nanos + " ns of sleep", described, phase, event);
        return List.copyOf(steps);
    }

    private static void check(boolean holds, String found, Described described, Phase phase,
            HandoverEvent event) {
        if (!holds) {
            throw new AssertionFailedError(told(described, phase, event) + found);
        }
    }

    private static String told(Described described, Phase phase, HandoverEvent event) {
        return "on " + described + " in " + phase + ", " + event + " is answered with ";
    }
}
