// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import devices.pcie.ahci.AhciModel;
import devices.pcie.e1000e.E1000eModel;
import devices.pcie.edu.EduModel;
import devices.pcie.ehci.EhciModel;
import devices.pcie.fabric.PcieFabricFactory;
import devices.pcie.ioapic.IoApics;
import devices.pcie.nvme.NvmeModel;
import devices.pcie.uhci.UhciModel;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.vtd.vendor.VtdVendor;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.MachineParts;
import kdump.lab.qtest.options.MachineOptions;

/** Makes machines of the real rooms, put together without a framework. */
public final class OurMachine {

    public static final MachineParts COMMAND = new MachineParts(new PcieFabricFactory(),
            List.of(new VtdVendor(), new AmdViVendor()), List.of(new AhciModel(),
                    new E1000eModel(), new EduModel(), new EhciModel(), new NvmeModel(),
                    new UhciModel()), new IoApics());

    private OurMachine() { }

    /** Returns the machine of a command line. */
    public static Protocol of(String... options) {
        try {
            return COMMAND.protocol(MachineOptions.parse(List.of(options), Path.of("")));
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }
}
