// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import java.util.Arrays;

/**
 * Config space of a function that no driver has set up: as captured, but for what the kernel of the
 * capture had switched on. Bridges stay as they are.
 *
 * <p>Source: PCI Express Base Specification, "PCI Compatible Configuration Registers", "MSI
 * Capability", "MSI-X Capability", "ATS Extended Capability".
 */
public final class ConfigAtRest {

    private static final int COMMAND = 0x04;
    private static final int BUS_MASTER = 4;
    private static final int MSI = 0x05;
    private static final int ATS = 0x0f;

    private ConfigAtRest() { }

    /** Returns it. */
    public static FunctionConfig of(FunctionConfig captured) {
        if (captured.headerType() != 0) {
            return captured;
        }
        byte[] config = Arrays.copyOf(captured.config(), captured.config().length);
        config[COMMAND] &= (byte) ~BUS_MASTER;
        clear(config, Capabilities.find(captured::read, MSI), 2, 1);
        clear(config, Capabilities.find(captured::read, Capabilities.MSI_X), 3, 0x80);
        clear(config, Capabilities.findExtended(captured::read, ATS), 7, 0x80);
        return new FunctionConfig(captured.requesterId(), config);
    }

    private static void clear(byte[] config, int capability, int offset, int bits) {
        if (capability > 0 && capability + offset < config.length) {
            config[capability + offset] &= (byte) ~bits;
        }
    }
}
