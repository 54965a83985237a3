// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import kdump.lab.engine.run.Run;

/** Finds, in a run that kept everything, the message that an interrupt was lost with. */
final class LostInterrupts {

    private final Run run;
    private final Trace trace;

    LostInterrupts(Run run) {
        this.run = run;
        trace = run.machine().trace();
    }

    /** Returns the last message of the timer before a kernel found it dead; 0 if none was sent. */
    int ofTimer(Event panic) {
        if (panic.parent() == 0 || trace.kind(panic.parent()) != EventKind.INPUT_CHECKED) {
            return 0;
        }
        Event check = trace.event(panic.parent());
        for (int id = check.id() - 1; id > 0; id--) {
            if (trace.kind(id) == EventKind.MESSAGE && input(trace.event(id)) == check.a()
                    && trace.event(id).actor() == check.actor()) {
                return id;
            }
        }
        return 0;
    }

    /**
     * Returns what a driver failed over while it probed: the last blocked request of its device, or
     * else its last blocked interrupt; 0 if there is neither.
     */
    int ofProbe(Event probed) {
        int lost = 0;
        int function = probed.actor();
        int line = run.machine().interruptLines().of(function);
        for (int id = probed.id() - 1; id > probed.parent(); id--) {
            Event e = trace.event(id);
            boolean request = e.kind() == EventKind.DMA_READ || e.kind() == EventKind.DMA_WRITE;
            if (request && e.actor() == function && !DmaOutcome.isAnswered(e.b())) {
                return id;
            }
            if (lost == 0 && e.kind() == EventKind.MESSAGE && e.b() < 0
                    && (e.actor() == function || input(e) == line && input(e) >= 0)) {
                lost = id;
            }
        }
        return lost;
    }

    /** Returns the input that a message is about; -1 if it is a function's own. */
    private long input(Event message) {
        int parent = message.parent();
        boolean has = parent != 0 && (trace.kind(parent) == EventKind.INPUT
                || trace.kind(parent) == EventKind.CONTROLLER_WRITE);
        return has ? trace.event(parent).a() : -1;
    }

    /** Returns the write of the entry that a message came of; 0 if it is a function's own. */
    int entryOf(Event message) {
        long input = input(message);
        for (int id = message.id() - 1; id > 0 && input >= 0; id--) {
            if (trace.kind(id) == EventKind.CONTROLLER_WRITE && trace.event(id).a() == input
                    && trace.event(id).actor() == message.actor()) {
                return id;
            }
        }
        return 0;
    }
}
