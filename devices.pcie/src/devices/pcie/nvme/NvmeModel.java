// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import devices.pcie.ats.TranslatedDma;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import java.util.TreeSet;
import org.osgi.service.component.annotations.Component;

/**
 * NVM Express I/O controllers, and administrative ones, which have the same registers.
 *
 * <p>Options: those of {@link TranslatedDma} and of {@link NvmeOptions}.
 *
 * <p>Source of the class codes: PCI Code and ID Assignment Specification, "Base Class 01h".
 */
@Component(property = "service.ranking:Integer=10")
public final class NvmeModel implements DeviceModel {

    private static final int IO_CONTROLLER = 0x010802;
    private static final int ADMINISTRATIVE_CONTROLLER = 0x010803;

    @Override
    public String name() {
        return "nvme";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        int code = function.classCode();
        return function.headerType() == 0
                && (code == IO_CONTROLLER || code == ADMINISTRATIVE_CONTROLLER);
    }

    @Override
    public Set<String> options() {
        Set<String> names = new TreeSet<>(TranslatedDma.OPTIONS);
        names.addAll(NvmeOptions.NAMES);
        return names;
    }

    @Override
    public boolean findsQueues() {
        return true;
    }

    @Override
    public Device device(DeviceContext context) {
        return new NvmeController(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new NvmeDriver(port);
    }
}
