// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.MemoryKind;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.EventKind;
import kdump.lab.engine.run.Run;

/** What lies where a request went that no unit translated. */
enum Landing {
    /** Memory that the capture kernel owns: its image, or pages that it has given out. */
    CAPTURE_KERNEL,
    /** Memory of the crashed kernel. */
    OLD_MEMORY,
    /** Memory of the capture kernel that it has not given out. */
    FREE_MEMORY,
    /** A window of a device or of a unit, as far as the memory map names one. */
    MMIO,
    /** Nothing that answers, or nothing that takes writes. */
    NOTHING;

    static Landing of(Run run, EventKind kind, long address, long outcome) {
        if (DmaOutcome.isPeerToPeer(outcome)) {
            return MMIO;
        }
        MachineDescription machine = run.machine().description();
        if (!DmaOutcome.isAnswered(outcome)) {
            return machine.memoryMap().ranges(MemoryKind.MMIO).stream()
                    .anyMatch(r -> r.contains(address)) ? MMIO : NOTHING;
        }
        long at = DmaOutcome.physicalAddress(address, outcome);
        if (!run.machine().isReserved(at)) {
            return OLD_MEMORY;
        }
        return run.image().contains(at) || run.capturePages().gave(at) ? CAPTURE_KERNEL
                : FREE_MEMORY;
    }
}
