// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * The ports through which configuration software reaches bus 0 to 255: an address at 0CF8h, data at
 * 0CFCh. Any other port reads all ones. Source: PCI Local Bus Specification, "Configuration
 * Mechanism"; the address takes writes of 4 bytes only.
 */
public final class ConfigPorts {

    private static final int ADDRESS = 0xcf8;
    private static final int DATA = 0xcfc;
    private static final BitField ENABLE = bit(31);
    private static final BitField FUNCTION = bits(23, 8);
    private static final BitField REGISTER = bits(7, 0);

    private final ConfigAccess config;
    private int address;

    public ConfigPorts(ConfigAccess config) {
        this.config = config;
    }

    /** Returns what a port reads, zero-extended. */
    public long in(int port, int bytes) {
        long ones = (1L << 8 * bytes) - 1;
        if (port >= ADDRESS && port + bytes <= DATA) {
            return Integer.toUnsignedLong(address) >>> 8 * (port - ADDRESS) & ones;
        }
        return isData(port, bytes)
                ? config.read((int) FUNCTION.of(address), register(port), bytes) & ones : ones;
    }

    /** Does what a write to a port does. */
    public void out(int port, int bytes, long value) {
        if (port == ADDRESS && bytes == 4) {
            address = (int) value;
        }
        if (isData(port, bytes)) {
            config.write((int) FUNCTION.of(address), register(port), bytes, (int) value);
        }
    }

    private boolean isData(int port, int bytes) {
        return port >= DATA && port + bytes <= DATA + 4 && port % bytes == 0
                && ENABLE.isSet(address);
    }

    private int register(int port) {
        return (int) REGISTER.of(address) | port - DATA;
    }
}
