// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelVersion;

/**
 * What a kernel does to each function while it enumerates the bus: reads its header and switches
 * MSI and MSI-X off.
 *
 * <p>Source: Linux, pci_setup_device and pci_msi_init.
 */
public final class Enumeration {

    private static final int NOBODY = 0xffff;
    private static final int BRIDGE = 1;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int SERR_ENABLE = 0x0002;
    private static final int MSI_ENABLE = 0x0001;
    private static final int MSI_X_ENABLE = 0x8000;

    private Enumeration() { }

    /** Enumerates one function; returns whether it is there. */
    public static boolean enumerate(PciFunction function) {
        if (function.readConfig(0, 2) == NOBODY) {
            return false;
        }
        Capabilities.visit(function::readConfig, (id, at) -> {
            int enable = id == Capabilities.MSI ? MSI_ENABLE
                    : id == Capabilities.MSI_X ? MSI_X_ENABLE : 0;
            int control = function.readConfig(at + 2, 2);
            if ((control & enable) != 0) {
                function.writeConfig(at + 2, 2, control & ~enable);
            }
            return true;
        });
        return true;
    }

    /**
     * Has a bridge forward messages of errors from below: kernels do from 4.19 on (the version is
     * from memory).
     *
     * <p>Source: Linux, pci_configure_serr.
     */
    public static void forwardErrors(KernelVersion version, PciFunction function) {
        if (function.headerType() == BRIDGE && version.atLeast(4, 19)) {
            function.writeConfig(BRIDGE_CONTROL, 2,
                    function.readConfig(BRIDGE_CONTROL, 2) | SERR_ENABLE);
        }
    }

    /**
     * Has a function send requests for others past a unit no more, as a kernel does that is to use
     * units ({@link AccessControl}).
     */
    public static void controlAccess(KernelVersion version, PciFunction function) {
        AccessControl.enable(version, function);
    }

    /**
     * Switches a function's virtual functions off, which an earlier kernel has left on: they are
     * gone with that, and what they were at.
     *
     * <p>Source: Linux, sriov_init.
     *
     * @return whether they were on
     */
    public static boolean disableVirtual(PciFunction function) {
        VirtualFunctions virtual = VirtualFunctions.of(function::readConfig);
        if (virtual == null || !virtual.enabled(function::readConfig)) {
            return false;
        }
        function.writeConfig(virtual.capability() + VirtualFunctions.CONTROL, 2, 0);
        return true;
    }
}
