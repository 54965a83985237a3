// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.PciFunction;
import iommu.api.trace.EventKind;
import iommu.api.trace.TraceSink;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.WalkRecording;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.engine.run.Run;

/**
 * Looks, in a run that is repeated, at the tables just as one request goes through them: which
 * entries it meets, and who wrote them last. Changes nothing. One thread.
 */
final class WalkProbe implements TraceSink {

    /**
     * An entry that the request met.
     *
     * @param cause the event that wrote its first word last, 0 for nobody since the run began
     */
    record Met(WalkRecording.Step step, int cause) { }

    private final Run run;
    private final int wanted;
    private final List<Met> met = new ArrayList<>();

    /**
     * Waits for an event.
     *
     * @param wanted id of a read or write of memory or of a message, 0 for none
     */
    WalkProbe(Run run, int wanted) {
        this.run = run;
        this.wanted = wanted;
    }

    /** Returns the entries, in the order in which the unit reads them. */
    List<Met> met() {
        return met;
    }

    @Override
    public void event(int id, EventKind kind, int actor, long a, long b, Object detail) {
        if (id == 0 || id != wanted) {
            return;
        }
        PciFunction function = run.machine().fabric().function(actor);
        int alias = function == null ? actor : function.alias();
        int unit = run.machine().description().unitOf(alias);
        if (unit < 0) {
            return;
        }
        var recording = new WalkRecording();
        RemappingUnit hardware = run.machine().units().get(unit);
        if (kind == EventKind.MESSAGE) {
            hardware.followInterrupt(alias, a, (int) b, recording);
        } else {
            hardware.follow(alias, -1, a,
                    kind == EventKind.DMA_READ ? Access.READ : Access.WRITE, recording);
        }
        PhysicalMemory memory = run.machine().memory();
        for (WalkRecording.Step step : recording.steps()) {
            boolean inMemory = step.words().length > 0 && memory.contains(step.address(), 1);
            met.add(new Met(step, inMemory ? memory.causeOf(step.address()) : 0));
        }
    }
}
