// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;

/**
 * The interrupts of a function: messages, sent as its config space says at that instant. Allocates
 * nothing. One thread.
 *
 * <p>Source: PCI Local Bus Specification, "MSI Capability" and "MSI-X Capability".
 */
public final class Messages {

    private static final BitField MSI_ENABLE = bit(0);
    private static final BitField ADDRESS_64 = bit(7);
    private static final BitField MSI_X_MASK = bit(14);
    private static final BitField MSI_X_ENABLE = bit(15);

    private final PciFunction function;
    private final DmaPort dma;
    /** Made once: sending allocates nothing. */
    private final Capabilities.ConfigReader config;
    private final byte[] bytes = new byte[Integer.BYTES];

    /** Makes the sender of one function. */
    public Messages(PciFunction function, DmaPort dma) {
        this.function = function;
        this.dma = dma;
        this.config = function::readConfig;
    }

    /**
     * Sends the message of MSI; nothing while the function has no MSI or it is off.
     *
     * @return whether it was sent
     */
    public boolean sendMsi() {
        int at = Capabilities.find(config, Capabilities.MSI);
        int control = at == 0 ? 0 : function.readConfig(at + 2, 2);
        if (!MSI_ENABLE.isSet(control)) {
            return false;
        }
        boolean wide = ADDRESS_64.isSet(control);
        long address = Integer.toUnsignedLong(function.readConfig(at + 4, 4))
                | (wide ? (long) function.readConfig(at + 8, 4) << 32 : 0);
        send(address, function.readConfig(at + (wide ? 12 : 8), 2));
        return true;
    }

    /**
     * Sends an entry of the MSI-X table, which is the device's to keep; nothing while MSI-X is off
     * or masked.
     */
    public void sendMsiX(long address, int data) {
        if (tableEnabled(function)) {
            send(address, data);
        }
    }

    private void send(long address, int data) {
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (data >>> 8 * i);
        }
        dma.write(address, bytes, 0, bytes.length);
    }

    /** Returns whether a function sends what its MSI-X table holds. */
    public static boolean tableEnabled(PciFunction function) {
        int at = Capabilities.find(function::readConfig, Capabilities.MSI_X);
        int control = at == 0 ? 0 : function.readConfig(at + 2, 2);
        return MSI_X_ENABLE.isSet(control) && !MSI_X_MASK.isSet(control);
    }
}
