// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.registers;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.ExtendedFeature;
import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.Set;

/**
 * What belongs to an optional feature: without it these registers and control bits are reserved.
 *
 * <p>Source: 48882, "IOMMU Extended Feature Register", and "reserved if" of each register.
 */
public enum Feature {
    /** Page requests. */
    PAGE_REQUESTS(ExtendedFeature.PPR_SUP, Set.of(AmdViRegisters.PPR_LOG, AmdViRegisters.PPR_HEAD,
            AmdViRegisters.PPR_TAIL), Control.PPR_LOG_EN, Control.PPR_INT_EN, Control.PPR_EN),
    /** Guest translation. */
    GUEST_TRANSLATION(ExtendedFeature.GT_SUP, Set.of(), Control.GT_EN),
    /** Wide interrupt entries and the log of guests' interrupts. */
    GUEST_INTERRUPTS(ExtendedFeature.GA_SUP, Set.of(AmdViRegisters.GA_LOG,
            AmdViRegisters.GA_LOG_TAIL_ADDRESS, AmdViRegisters.GA_HEAD, AmdViRegisters.GA_TAIL),
            Control.GA_EN, Control.GA_LOG_EN, Control.GA_INT_EN),
    /** Hardware error registers. */
    HARDWARE_ERRORS(ExtendedFeature.HE_SUP, Set.of(AmdViRegisters.HARDWARE_EVENT_UPPER,
            AmdViRegisters.HARDWARE_EVENT_LOWER, AmdViRegisters.HARDWARE_EVENT_STATUS)),
    /** X2APIC destinations. */
    X2APIC(ExtendedFeature.XT_SUP, Set.of(AmdViRegisters.XT_INTERRUPT,
            AmdViRegisters.XT_PPR_INTERRUPT, AmdViRegisters.XT_GA_INTERRUPT),
            Control.XT_EN, Control.INT_CAP_XT_EN);

    private final BitField shown;
    private final Set<Register> registers;
    private final long control;

    Feature(BitField shown, Set<Register> registers, BitField... control) {
        this.shown = shown;
        this.registers = registers;
        long mask = 0;
        for (BitField field : control) {
            mask |= field.mask();
        }
        this.control = mask;
    }

    /** Returns the control bits of features that a unit has not. */
    static long missingControl(long features) {
        long mask = 0;
        for (Feature feature : values()) {
            mask |= feature.shown.isSet(features) ? 0 : feature.control;
        }
        return mask;
    }

    /** Returns whether a unit has a register: those of no feature are always there. */
    public static boolean has(long features, Register register) {
        for (Feature feature : values()) {
            if (feature.registers.contains(register)) {
                return feature.shown.isSet(features);
            }
        }
        return true;
    }
}
