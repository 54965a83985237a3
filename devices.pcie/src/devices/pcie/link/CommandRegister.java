// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import iommu.api.pcie.PciFunction;

/**
 * The Command register of a function, as drivers switch it, by a read and a write each.
 *
 * <p>Source: Linux, pci_enable_device, pci_set_master, pci_clear_master; PCI Local Bus
 * Specification, "Command Register".
 */
public final class CommandRegister {

    private static final int COMMAND = 0x04;
    private static final int MEMORY = 0x0002;
    private static final int MASTER = 0x0004;

    private CommandRegister() { }

    /** Has a function decode its memory spaces. */
    public static void enableMemory(PciFunction function) {
        change(function, 0, MEMORY);
    }

    /** Makes a function a bus master. */
    public static void setMaster(PciFunction function) {
        change(function, 0, MASTER);
    }

    /** Ends bus mastering. */
    public static void clearMaster(PciFunction function) {
        change(function, MASTER, 0);
    }

    private static void change(PciFunction function, int clear, int set) {
        function.writeConfig(COMMAND, 2, function.readConfig(COMMAND, 2) & ~clear | set);
    }
}
