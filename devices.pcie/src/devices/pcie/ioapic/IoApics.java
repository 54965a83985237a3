// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import iommu.api.profile.KernelProfile;
import iommu.api.sim.EventQueue;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Makes the interrupt controllers of PCs, and Linux's code for them. */
@Component
public final class IoApics implements InterruptControllers {

    @Override
    public Hardware hardware(List<IoApic> all, EventQueue queue, Wires wires) {
        return new PcControllers(all, queue, wires);
    }

    @Override
    public Driver driver(KernelProfile profile, Port port) {
        return new LinuxIoApic(profile, port);
    }
}
