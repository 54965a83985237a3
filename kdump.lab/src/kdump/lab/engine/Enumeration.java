// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.PciFunction;

/**
 * What a kernel does to each function while it enumerates the bus: reads its header and switches
 * MSI and MSI-X off.
 *
 * <p>Source: Linux, pci_setup_device and pci_msi_init.
 */
final class Enumeration {

    private static final int NOBODY = 0xffff;
    private static final int STATUS = 6;
    private static final int CAPABILITIES_LIST = 0x10;
    private static final int CAPABILITIES_POINTER = 0x34;
    private static final int MAX_CAPABILITIES = 48;
    private static final int MSI = 0x05;
    private static final int MSI_ENABLE = 0x0001;
    private static final int MSI_X = 0x11;
    private static final int MSI_X_ENABLE = 0x8000;

    private Enumeration() { }

    /** Enumerates one function; returns whether it is there. */
    static boolean enumerate(PciFunction function) {
        if (function.readConfig(0, 2) == NOBODY) {
            return false;
        }
        if ((function.readConfig(STATUS, 2) & CAPABILITIES_LIST) == 0) {
            return true;
        }
        int at = function.readConfig(CAPABILITIES_POINTER, 1) & 0xfc;
        for (int n = 0; at >= 0x40 && n < MAX_CAPABILITIES; n++) {
            int id = function.readConfig(at, 1);
            int enable = id == MSI ? MSI_ENABLE : id == MSI_X ? MSI_X_ENABLE : 0;
            int control = function.readConfig(at + 2, 2);
            if ((control & enable) != 0) {
                function.writeConfig(at + 2, 2, control & ~enable);
            }
            at = function.readConfig(at + 1, 1) & 0xfc;
        }
        return true;
    }
}
