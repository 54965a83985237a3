// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.Device;
import java.util.function.BooleanSupplier;

/** A device that is not in its slot from the beginning: until it comes, its slot is empty. */
final class LateDevice extends DelegatingDevice {

    private final BooleanSupplier plugged;

    /**
     * Makes it.
     *
     * @param plugged whether it has been plugged in
     */
    LateDevice(Device device, BooleanSupplier plugged) {
        super(device);
        this.plugged = plugged;
    }

    @Override
    public boolean present() {
        return plugged.getAsBoolean() && super.present();
    }
}
