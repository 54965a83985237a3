// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.kdump.Phase;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;

/** What a policy asked for in one run, so that two runs can be told to be the same. One thread. */
public final class AskedSteps {

    private static final int ORDERED = 31;

    private long hash;
    private final List<String> remarks = new ArrayList<>();

    AskedSteps() { }

    /** Keeps why the policy asks for no more. */
    void remark(String reason) {
        if (!remarks.contains(reason)) {
            remarks.add(reason);
        }
    }

    /** Notes a step that was done, or refused. */
    void add(Phase phase, Object step) {
        // a record's own hash says nothing of its class
        long kind = (long) step.getClass().hashCode() << Integer.SIZE;
        hash = RandomStream.mix(hash * ORDERED + phase.ordinal() + RandomStream.mix(
                kind + step.hashCode()));
    }

    /** Returns a number that is the same for runs in which the same was asked for, in one JVM. */
    public long hash() {
        return hash;
    }

    /** Returns why the policy asked for no more than it did, in its words; empty as a rule. */
    public List<String> remarks() {
        return List.copyOf(remarks);
    }
}
