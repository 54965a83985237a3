// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import devices.pcie.edu.EduModel;
import devices.pcie.fabric.PcieFabricFactory;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.vtd.vendor.VtdVendor;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;

/** Makes machines of the real rooms, put together without a framework. */
final class OurMachine {

    static final QtestCommand COMMAND = new QtestCommand(new PcieFabricFactory(),
            List.of(new VtdVendor(), new AmdViVendor()), List.of(new EduModel()));

    private OurMachine() { }

    /** Returns the machine of a command line. */
    static Protocol of(String... options) {
        try {
            return COMMAND.protocol(MachineOptions.parse(List.of(options), Path.of("")));
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }
}
