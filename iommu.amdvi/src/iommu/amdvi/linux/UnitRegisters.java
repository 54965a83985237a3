// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.unit.KernelPort;

/**
 * The unit's registers as the kernel uses them: each feature is switched by reading the control
 * register and writing it back. Source: Linux, amd/init.c, iommu_feature_enable.
 */
final class UnitRegisters {

    private final KernelPort port;

    UnitRegisters(KernelPort port) {
        this.port = port;
    }

    long read(Register r) {
        return port.readRegister(r.offset(), r.bytes());
    }

    void write(Register r, long value) {
        port.writeRegister(r.offset(), r.bytes(), value);
    }

    /** Returns whether a field of {@link Control} is set. */
    boolean control(BitField field) {
        return field.isSet(read(AmdViRegisters.CONTROL));
    }

    /** Switches a feature of {@link Control}; written whether or not it changes. */
    void feature(BitField field, boolean on) {
        long control = read(AmdViRegisters.CONTROL);
        write(AmdViRegisters.CONTROL, field.with(control, on ? 1 : 0));
    }

    /** Returns whether the unit is enabled. */
    boolean enabled() {
        return control(Control.IOMMU_EN);
    }

    /** Switches the unit off, what it writes by itself first. */
    void switchOff() {
        feature(Control.CMD_BUF_EN, false);
        feature(Control.EVENT_INT_EN, false);
        feature(Control.EVENT_LOG_EN, false);
        feature(Control.GA_LOG_EN, false);
        feature(Control.GA_INT_EN, false);
        feature(Control.IOMMU_EN, false);
    }
}
