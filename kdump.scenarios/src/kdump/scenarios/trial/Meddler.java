// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Changes what a policy answers, for experiments that need something besides it. */
public final class Meddler {

    private Meddler() { }

    /** Adds steps before those of a policy as a phase begins. */
    public static UnaryOperator<HandoverPolicy> before(Phase phase,
            Function<HandoverView, List<? extends Step>> more) {
        return policy -> (event, view, notes) -> {
            var steps = new ArrayList<Step>();
            if (event.equals(new PhaseStart(phase))) {
                steps.addAll(more.apply(view));
            }
            steps.addAll(policy.decide(event, view, notes));
            return steps;
        };
    }

    /** Leaves steps of a policy out. */
    public static UnaryOperator<HandoverPolicy> without(Predicate<Step> unwanted) {
        return policy -> (event, view, notes) -> policy.decide(event, view, notes).stream()
                .filter(unwanted.negate()).toList();
    }

    /** Has a policy's answer to one phase done at another. */
    public static UnaryOperator<HandoverPolicy> moved(Phase from, Phase to) {
        return policy -> (event, view, notes) -> {
            if (event.equals(new PhaseStart(from))) {
                return List.of();
            }
            var steps = new ArrayList<Step>();
            if (event.equals(new PhaseStart(to))) {
                steps.addAll(policy.decide(new PhaseStart(from), view, notes));
            }
            steps.addAll(policy.decide(event, view, notes));
            return steps;
        };
    }

    /** A policy of the experimenter's own that acts as one phase begins. */
    public static HandoverPolicy at(Phase phase, Function<HandoverView, List<? extends Step>> steps) {
        return (event, view, notes) -> event.equals(new PhaseStart(phase))
                ? List.copyOf(steps.apply(view)) : List.of();
    }

    /** Returns the requesters of the functions that a policy would let do DMA to themselves. */
    public static Predicate<Step> identityMapOfOthersThan(int requester) {
        return step -> step instanceof Step.IdentityMap map && map.requester() != requester;
    }

    /** Returns whether an event tells that a driver of a function begins. */
    public static boolean isProbe(HandoverEvent event, int requester) {
        return event instanceof HandoverEvent.ProbeStart start && start.requester() == requester;
    }
}
