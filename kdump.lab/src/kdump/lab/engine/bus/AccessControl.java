// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelVersion;

/**
 * Access Control Services as kernels use them: so that requests between functions pass the
 * remapping unit. Vendors' own ways to the same end, where the capability is missing, are left out.
 *
 * <p>Source: PCI Express Base Specification, "ACS Extended Capability"; Linux, pci.c,
 * pci_std_enable_acs, pci_acs_flags_enabled.
 */
final class AccessControl {

    /** Source Validation, P2P Request and Completion Redirect, Upstream Forwarding. */
    private static final int WANTED = 0x1d;
    private static final int CAPABILITIES = 4;
    private static final int CONTROL = 6;

    private AccessControl() { }

    /**
     * Switches on what a function can do, as a kernel does that is to use units: from 2.6.33
     * (5d990b627537).
     */
    static void enable(KernelVersion version, PciFunction function) {
        int at = Capabilities.findExtended(function::readConfig,
                Capabilities.ACCESS_CONTROL);
        if (at > 0 && version.atLeast(2, 6, 33)) {
            function.writeConfig(at + CONTROL, 2, function.readConfig(at + CONTROL, 2)
                    | function.readConfig(at + CAPABILITIES, 2) & WANTED);
        }
    }

    /**
     * Returns whether a function that has the capability keeps requests from other functions away:
     * what it does not have to be able to do counts as done.
     */
    static boolean isEnabled(PciFunction function) {
        int at = Capabilities.findExtended(function::readConfig,
                Capabilities.ACCESS_CONTROL);
        if (at <= 0) {
            return false;
        }
        int able = function.readConfig(at + CAPABILITIES, 2) & WANTED;
        return (function.readConfig(at + CONTROL, 2) & able) == able;
    }
}
