// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.PciFunction;

/**
 * Config space of all functions, by bus, device and function number, and the window in which it
 * lies in the address space once the host bridge opens it: 4 KiB a function.
 *
 * <p>Source: PCI Express Base Specification, "PCI Express Enhanced Configuration Access Mechanism";
 * Intel Q35 chipset, "PCIEXBAR". Its length 11b is reserved and leaves the window as it was.
 */
final class ConfigAccess {

    private static final int WINDOW = 0x60;
    private static final BitField ENABLE = bit(0);
    private static final BitField LENGTH = bits(2, 1);
    private static final BitField BASE = bits(35, 28);
    /** The other bits of the base, by length: of bits 27 and 26 QEMU takes those one below. */
    private static final long[] LOWER_BASE = {0, 3L << 25, 1L << 25};
    private static final int RESERVED_LENGTH = 3;
    private static final long LARGEST = 256L << 20;
    /** What ports reach of a function. */
    private static final int PORT_BYTES = 256;
    private static final int FUNCTION_SHIFT = 12;

    private final Fabric fabric;
    /** Null on a board that has no functions: nothing is written then. */
    private final PciFunction hostBridge;
    private final Runnable changed;
    private long base;
    private long bytes;

    /**
     * Takes what it leads to.
     *
     * @param changed run after each write
     */
    ConfigAccess(Fabric fabric, Runnable changed) {
        this.fabric = fabric;
        this.changed = changed;
        hostBridge = fabric.functions().isEmpty() ? null : fabric.functions().get(0);
    }

    /** Reads the registers of a function below 256, at any offset; all ones if there is none. */
    int read(int id, int offset, int count) {
        PciFunction function = fabric.function(id);
        if (function == null || offset % count == 0) {
            return function == null ? -1 : function.readConfig(offset, count);
        }
        int value = 0;
        for (int i = 0; i < count && offset + i < PORT_BYTES; i++) {
            value |= function.readConfig(offset + i, 1) << 8 * i;
        }
        return value;
    }

    /** Writes the registers of a function below 256, at any offset. */
    void write(int id, int offset, int count, int value) {
        PciFunction function = fabric.function(id);
        if (function == null) {
            return;
        }
        if (offset % count == 0) {
            function.writeConfig(offset, count, value);
        } else {
            for (int i = 0; i < count && offset + i < PORT_BYTES; i++) {
                function.writeConfig(offset + i, 1, value >>> 8 * i);
            }
        }
        changed();
    }

    private void changed() {
        long value = Integer.toUnsignedLong(hostBridge.readConfig(WINDOW, 4))
                | (long) hostBridge.readConfig(WINDOW + 4, 4) << 32;
        int length = (int) LENGTH.of(value);
        if (length != RESERVED_LENGTH) {
            bytes = ENABLE.isSet(value) ? LARGEST >>> length : 0;
            base = BASE.inPlace(value) | value & LOWER_BASE[length];
        }
        changed.run();
    }

    /** Returns whether an address lies in the window. */
    boolean contains(long address) {
        return address >= base && address - base < bytes;
    }

    /** Reads from the window. */
    int readAt(long address, int count) {
        PciFunction function = function(address);
        return function == null ? -1 : function.readConfig(register(address), count);
    }

    /** Writes to the window. */
    void writeAt(long address, int count, int value) {
        PciFunction function = function(address);
        if (function != null) {
            function.writeConfig(register(address), count, value);
            changed();
        }
    }

    private PciFunction function(long address) {
        return fabric.function((int) (address - base >>> FUNCTION_SHIFT));
    }

    private static int register(long address) {
        return (int) address & (1 << FUNCTION_SHIFT) - 1;
    }
}
