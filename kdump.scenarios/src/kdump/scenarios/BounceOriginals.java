// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.memory.PhysicalMemory;
import iommu.api.trace.Event;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Hardware;
import kdump.scenarios.trial.Tale;

/** Looks who wrote last to what bounce buffers stand for. */
final class BounceOriginals extends Tale.Recorder {

    private int changed;
    private int slots;

    @Override
    public Tale end(Hardware hardware, Verdict verdict) {
        Tale tale = super.end(hardware, verdict);
        int crash = tale.begin(Phase.CRASH);
        for (Event map : tale.allMaps()) {
            if (map.id() < crash && map.b() >= 1L << 32 && map.a() < 1L << 32) {
                slots += hits(hardware, map.a(), crash);
                changed += hits(hardware, map.b(), crash);
            }
        }
        return tale;
    }

    /** Returns how many words of old slots were written since the crash. */
    int slots() {
        return slots;
    }

    /** Returns how many words of what they stand for were. */
    int changed() {
        return changed;
    }

    private static int hits(Hardware hardware, long page, int crash) {
        int hits = 0;
        for (int at = 0; at < PhysicalMemory.PAGE_BYTES; at += Long.BYTES) {
            hits += hardware.memory().causeOf(page + at) > crash ? 1 : 0;
        }
        return hits;
    }
}
