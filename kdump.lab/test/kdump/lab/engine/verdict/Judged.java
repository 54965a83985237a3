// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.PciFunction;
import iommu.api.trace.Trace;
import iommu.api.trace.Trace.Level;
import java.util.List;
import java.util.SortedMap;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.DeviceSlot;
import kdump.lab.engine.run.Run;

/** A run that a test steps through, with whoever judges it. */
final class Judged {

    /** A policy that does nothing. */
    static final HandoverPolicy NOTHING = (event, view, notes) -> List.of();

    /** A policy that switches translation off as soon as there is code for it. */
    static final HandoverPolicy OFF = (event, view, notes) ->
            event.equals(new PhaseStart(Phase.SETUP_ARCH))
                    ? List.of(new Step.DisableTranslation(0)) : List.of();

    final Run run;
    final Attribution attribution;
    final PhysicalMemory memory;
    final Trace trace;

    Judged(Stage stage, HandoverPolicy policy, Level level) {
        run = stage.run(policy, level);
        attribution = new Attribution(run);
        memory = run.machine().memory();
        trace = run.machine().trace();
    }

    /** Goes on until a phase has begun. */
    Judged to(Phase phase) {
        if (!run.hasCrashed() && phase.compareTo(Phase.CRASH) >= 0) {
            run.advance(Phase.CRASH);
            attribution.crash();
        }
        run.advance(phase);
        return this;
    }

    Judged finish() {
        to(Phase.CRASH);
        run.finish();
        return this;
    }

    Verdict verdict() {
        return new VerdictBuilder(run, attribution).verdict("a policy");
    }

    List<TimelineEntry> timeline() {
        return Timeline.of(run, attribution.functions());
    }

    /** Returns the first function with a device that has a page outside of the reservation. */
    DeviceSlot engine() {
        for (PciFunction function : run.machine().functionsWithDevice()) {
            if (page(function.requesterId()) != -1) {
                return run.machine().slot(function.requesterId());
            }
        }
        throw new AssertionError("no engine with a page");
    }

    /** Returns a bus address of a page that a function may write; -1 if there is none. */
    long page(int requester) {
        SortedMap<Long, Long> pages = Stage.mappings(run.machine(), requester);
        return pages.entrySet().stream().filter(p -> !run.machine().reservation()
                .contains(p.getValue()) && memory.contains(p.getValue(), 4096)
                && p.getKey().longValue() != p.getValue().longValue())
                .mapToLong(p -> p.getKey()).findFirst().orElse(-1);
    }

    /** Returns other bytes than memory holds, each of them. */
    byte[] others(long physicalAddress, int count) {
        byte[] bytes = new byte[count];
        memory.read(physicalAddress, bytes, 0, count);
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) ~bytes[i];
        }
        return bytes;
    }
}
