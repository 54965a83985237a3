// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.PciFunction;

/**
 * The ports through which configuration software reaches bus 0 to 255: an address at 0CF8h, data at
 * 0CFCh. Any other port reads all ones. Source: PCI Local Bus Specification, "Configuration
 * Mechanism"; the address takes writes of 4 bytes only.
 */
final class ConfigPorts {

    private static final int ADDRESS = 0xcf8;
    private static final int DATA = 0xcfc;
    private static final BitField ENABLE = bit(31);
    private static final BitField FUNCTION = bits(23, 8);
    private static final BitField REGISTER = bits(7, 0);

    private final Fabric fabric;
    private int address;

    ConfigPorts(Fabric fabric) {
        this.fabric = fabric;
    }

    /** Returns what a port reads, zero-extended. */
    long in(int port, int bytes) {
        long ones = (1L << 8 * bytes) - 1;
        if (port >= ADDRESS && port + bytes <= DATA) {
            return Integer.toUnsignedLong(address) >>> 8 * (port - ADDRESS) & ones;
        }
        PciFunction function = selected(port, bytes);
        return function == null ? ones : function.readConfig(register(port), bytes) & ones;
    }

    /** Does what a write to a port does. */
    void out(int port, int bytes, long value) {
        if (port == ADDRESS && bytes == 4) {
            address = (int) value;
        }
        PciFunction function = selected(port, bytes);
        if (function != null) {
            function.writeConfig(register(port), bytes, (int) value);
        }
    }

    private PciFunction selected(int port, int bytes) {
        boolean data = port >= DATA && port + bytes <= DATA + 4 && register(port) % bytes == 0;
        return data && ENABLE.isSet(address) ? fabric.function((int) FUNCTION.of(address)) : null;
    }

    private int register(int port) {
        return (int) REGISTER.of(address) & ~3 | port - DATA & 3;
    }
}
