// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.Phase;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.TimelineEntry;

/** What happened, in order, if anybody wants to know. One thread. */
final class Timeline {

    /** A run that tells more than this is cut short here, so that a fault storm stays readable. */
    private static final int MAX_ENTRIES = 20_000;

    private final boolean kept;
    private final EventQueue queue;
    private final long crashNanos;
    private final List<TimelineEntry> entries = new ArrayList<>();
    private Phase phase = Phase.RUNNING;

    Timeline(boolean kept, EventQueue queue, long crashNanos) {
        this.kept = kept;
        this.queue = queue;
        this.crashNanos = crashNanos;
    }

    void phase(Phase now) {
        phase = now;
        add("phase", now.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
    }

    Phase phase() {
        return phase;
    }

    boolean kept() {
        return kept;
    }

    void add(String what, String text) {
        if (!kept || entries.size() > MAX_ENTRIES) {
            return;
        }
        boolean full = entries.size() == MAX_ENTRIES;
        entries.add(new TimelineEntry(queue.nanos() - crashNanos, phase.label(),
                full ? "cut" : what, full ? "more happened than is shown" : text));
    }

    List<TimelineEntry> entries() {
        return List.copyOf(entries);
    }
}
