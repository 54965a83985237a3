// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.experiment;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.api.trace.Trace;
import iommu.api.unit.RemappingUnit;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** A machine put together, as experimenters see it. One thread. */
@ProviderType
public interface Hardware {

    /** Returns what it was made from. */
    MachineDescription description();

    /** Returns its memory. */
    PhysicalMemory memory();

    /** Returns its units, by index. */
    List<RemappingUnit> units();

    /** Returns its functions. */
    Fabric fabric();

    /** Returns what happened in it. */
    Trace trace();

    /** Returns the memory of the capture kernel. */
    AddressRange reservation();

    /** Returns what the first kernel's drivers kept their devices busy with, by requester id. */
    Map<Integer, Workload> loads();

    /** Returns whether an address is in the capture kernel's image or a page it has given out. */
    boolean isInUseByCapture(long physicalAddress);

    /** Returns how often the capture kernel read or wrote a register of a unit. */
    long registerAccesses();

    /**
     * Returns what was written to a medium since the crash.
     *
     * @param position number of a frame, or of a sector
     * @return the frame, or the disk's bytes from that sector to the end of its 4096; null if
     *     nobody has written there
     */
    byte[] written(int requester, Medium medium, long position);
}
