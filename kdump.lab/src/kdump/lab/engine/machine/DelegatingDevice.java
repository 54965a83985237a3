// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import java.util.List;

/** A device that does what another one does, but for what a subclass says. */
class DelegatingDevice implements Device {

    private final Device device;

    DelegatingDevice(Device device) {
        this.device = device;
    }

    @Override
    public boolean present() {
        return device.present();
    }

    @Override
    public CompletionStatus completion() {
        return device.completion();
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
    public void resetEnded() {
        device.resetEnded();
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
