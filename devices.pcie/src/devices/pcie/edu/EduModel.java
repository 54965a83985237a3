// SPDX-License-Identifier: Apache-2.0
package devices.pcie.edu;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import org.osgi.service.component.annotations.Component;

/**
 * Makes educational devices (vendor 1234h, device 11E8h) for machines that ask for "edu" by name.
 * It accepts no captured function: the device does nothing unless a program outside the machine
 * drives it, and no kernel has a driver for it.
 *
 * <p>Option {@code dma_mask}: the address bits that its DMA keeps; 28 of them if nothing is asked.
 * Option {@code whole_transfers}: a transfer is one request, as in emulators, however it lies; if
 * nothing is asked, requests cross no 4 KiB boundary.
 */
@Component
public final class EduModel implements DeviceModel {

    private static final long DEFAULT_MASK = (1L << 28) - 1;

    @Override
    public String name() {
        return "edu";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return false;
    }

    @Override
    public Device device(DeviceContext context) {
        return new Edu(context, context.option("dma_mask", DEFAULT_MASK),
                context.option("whole_transfers", 0) != 0);
    }

    /**
     * There is no driver.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public DeviceDriver driver(DriverPort port) {
        throw new UnsupportedOperationException("no kernel drives an edu device");
    }
}
