// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * The ports through which configuration software reaches bus 0 to 255: an address at 0CF8h, data at
 * 0CFCh. Any other port is a device's, or reads all ones. Source: PCI Local Bus Specification,
 * "Configuration Mechanism"; the address takes writes of 4 bytes only.
 */
public final class ConfigPorts {

    private static final int ADDRESS = 0xcf8;
    private static final int DATA = 0xcfc;
    private static final BitField ENABLE = bit(31);
    private static final BitField FUNCTION = bits(23, 8);
    private static final BitField REGISTER = bits(7, 0);

    private final ConfigAccess config;
    private final Machine machine;
    private int address;

    /** Takes what the ports of a machine lead to. */
    public ConfigPorts(Machine machine) {
        this(machine.config(), machine);
    }

    /**
     * Takes what ports lead to.
     *
     * @param machine whose devices have ports; null for none
     */
    ConfigPorts(ConfigAccess config, Machine machine) {
        this.config = config;
        this.machine = machine;
    }

    /** Returns what a port reads, zero-extended. */
    public long in(int port, int bytes) {
        long ones = (1L << 8 * bytes) - 1;
        if (port >= ADDRESS && port + bytes <= DATA) {
            return Integer.toUnsignedLong(address) >>> 8 * (port - ADDRESS) & ones;
        }
        if (isData(port, bytes)) {
            return config.read((int) FUNCTION.of(address), register(port), bytes) & ones;
        }
        return machine == null ? ones : machine.readPort(port, bytes);
    }

    /** Does what a write to a port does. */
    public void out(int port, int bytes, long value) {
        if (port == ADDRESS && bytes == 4) {
            address = (int) value;
        }
        if (isData(port, bytes)) {
            config.write((int) FUNCTION.of(address), register(port), bytes, (int) value);
        } else if (machine != null) {
            machine.writePort(port, bytes, value);
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
