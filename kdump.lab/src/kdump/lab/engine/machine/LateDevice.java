// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import java.util.List;
import java.util.function.BooleanSupplier;

/** A device that is not in its slot from the beginning: until it comes, its slot is empty. */
final class LateDevice implements Device {

    private final Device device;
    private final BooleanSupplier plugged;

    /**
     * Makes it.
     *
     * @param plugged whether it has been plugged in
     */
    LateDevice(Device device, BooleanSupplier plugged) {
        this.device = device;
        this.plugged = plugged;
    }

    @Override
    public boolean present() {
        return plugged.getAsBoolean() && device.present();
    }

    @Override
    public List<Bar> bars() {
        return device.bars();
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        return device.readRegister(bar, offset, bytes);
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        device.writeRegister(bar, offset, bytes, value);
    }

    @Override
    public List<Register> configRegisters() {
        return device.configRegisters();
    }

    @Override
    public void configWritten(Register register) {
        device.configWritten(register);
    }

    @Override
    public void reset() {
        device.reset();
    }

    @Override
    public void busMasterEnabled(boolean enabled) {
        device.busMasterEnabled(enabled);
    }

    @Override
    public void translationEnabled(boolean enabled) {
        device.translationEnabled(enabled);
    }

    @Override
    public boolean invalidate(int pasid, long address, int shift, int tag) {
        return device.invalidate(pasid, address, shift, tag);
    }
}
