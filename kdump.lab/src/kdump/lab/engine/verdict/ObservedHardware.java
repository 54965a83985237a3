// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

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
import kdump.lab.api.experiment.Hardware;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.Scenario;

/**
 * A machine as experimenters see it.
 *
 * @param run that it is in; null for none
 */
record ObservedHardware(Machine machine, Scenario scenario, Run run) implements Hardware {

    @Override
    public MachineDescription description() {
        return machine.description();
    }

    @Override
    public PhysicalMemory memory() {
        return machine.memory();
    }

    @Override
    public List<RemappingUnit> units() {
        return machine.units();
    }

    @Override
    public Fabric fabric() {
        return machine.fabric();
    }

    @Override
    public Trace trace() {
        return machine.trace();
    }

    @Override
    public AddressRange reservation() {
        return machine.reservation();
    }

    @Override
    public Map<Integer, Workload> loads() {
        return scenario.loads();
    }

    @Override
    public boolean isInUseByCapture(long physicalAddress) {
        return run != null && (run.image().contains(physicalAddress)
                || run.capturePages().gave(physicalAddress));
    }

    @Override
    public long registerAccesses() {
        return run == null ? 0 : run.captureKernel().registerAccesses();
    }

    @Override
    public byte[] written(int requester, Medium medium, long position) {
        return machine.media().written(requester, medium, position);
    }
}
