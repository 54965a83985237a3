// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.Access;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Hardware;

/**
 * Destroys entries of the crashed kernel's tables, as a stray write would: finds them at T1, and
 * clears them as a later phase begins. One run.
 */
public class Scribbler extends Tale.Recorder {

    /** Which entry of each walk, from the leaf up. */
    public enum Level {
        /** The leaf. */
        LEAF,
        /** The first that was read: of the root table or the device table. */
        FIRST,
        /** All that are read on the way. */
        ANY
    }

    /** What an entry becomes. */
    @FunctionalInterface
    public interface Value {

        /** Returns its first 64 bits. */
        long of(long address, HandoverView view);
    }

    private final Level level;
    private final Phase when;
    private final int onlyRequester;
    private final Value value;
    private final TreeSet<Long> entries = new TreeSet<>();

    /**
     * Makes one that clears entries.
     *
     * @param onlyRequester id whose entries are meant; -1 for all
     */
    public Scribbler(Level level, Phase when, int onlyRequester) {
        this(level, when, onlyRequester, (address, view) -> 0);
    }

    /** Makes one that puts other values there. */
    public Scribbler(Level level, Phase when, int onlyRequester, Value value) {
        this.level = level;
        this.when = when;
        this.onlyRequester = onlyRequester;
        this.value = value;
    }

    @Override
    public void phase(Phase phase, Hardware hardware) {
        super.phase(phase, hardware);
        if (phase == Phase.CRASH) {
            Mapping.all(hardware).stream()
                    .filter(m -> onlyRequester < 0 || m.requester() == onlyRequester)
                    .forEach(m -> find(hardware, m));
        }
    }

    private void find(Hardware hardware, Mapping mapping) {
        int unit = hardware.description().unitOf(mapping.requester());
        RemappingUnit walked = hardware.units().get(unit);
        var met = new ArrayList<Long>();
        walked.explain(mapping.requester(), mapping.iova(), Access.READ,
                (structure, address, words, fields, decision) -> met.add(address));
        if (!met.isEmpty()) {
            entries.addAll(switch (level) {
                case LEAF -> met.subList(met.size() - 1, met.size());
                case FIRST -> met.subList(0, 1);
                case ANY -> met;
            });
        }
    }

    /** Returns the run with the entries cleared in it. */
    public Experiment in(Experiment experiment) {
        UnaryOperator<HandoverPolicy> scribble = Meddler.before(when, view -> entries.stream()
                .map(address -> new Step.WriteMemory(address, value.of(address, view))).toList());
        return experiment.around(policy ->
                scribble.apply(experiment.around().apply(policy)));
    }

    /** Returns how many entries were found. */
    public int count() {
        return entries.size();
    }
}
