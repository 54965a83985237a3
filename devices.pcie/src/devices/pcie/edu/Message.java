// SPDX-License-Identifier: Apache-2.0
package devices.pcie.edu;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.PciFunction;

/**
 * The message-signalled interrupt of a function: a write of its message data to its message
 * address. Nothing is sent while MSI is disabled. Source: PCI Local Bus Specification, "MSI
 * Capability".
 */
final class Message {

    private static final int CAPABILITIES_POINTER = 0x34;
    private static final int MSI = 0x05;
    private static final int MAX_CAPABILITIES = 48;
    private static final BitField ENABLE = bit(0);
    private static final BitField ADDRESS_64 = bit(7);

    private final DeviceContext context;

    Message(DeviceContext context) {
        this.context = context;
    }

    void send() {
        PciFunction function = context.function();
        int at = capability(function);
        if (at == 0) {
            return;
        }
        int control = function.readConfig(at + 2, 2);
        if (ENABLE.isSet(control)) {
            boolean wide = ADDRESS_64.isSet(control);
            long address = Integer.toUnsignedLong(function.readConfig(at + 4, 4))
                    | (wide ? (long) function.readConfig(at + 8, 4) << 32 : 0);
            int data = function.readConfig(at + (wide ? 12 : 8), 2);
            context.dma().write(address, new byte[] {(byte) data, (byte) (data >>> 8), 0, 0}, 0, 4);
        }
    }

    private static int capability(PciFunction function) {
        int at = function.readConfig(CAPABILITIES_POINTER, 1) & 0xfc;
        for (int n = 0; at >= 0x40 && n < MAX_CAPABILITIES; n++) {
            if (function.readConfig(at, 1) == MSI) {
                return at;
            }
            at = function.readConfig(at + 1, 1) & 0xfc;
        }
        return 0;
    }
}
