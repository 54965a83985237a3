// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static iommu.legacy.calgary.CalgaryRegisters.CONFIG_RW;
import static iommu.legacy.calgary.CalgaryRegisters.MEM_1_HIGH;
import static iommu.legacy.calgary.CalgaryRegisters.MEM_1_LOW;
import static iommu.legacy.calgary.CalgaryRegisters.MEM_1_SIZE;
import static iommu.legacy.calgary.CalgaryRegisters.MEM_2_HIGH;
import static iommu.legacy.calgary.CalgaryRegisters.MEM_2_LOW;
import static iommu.legacy.calgary.CalgaryRegisters.MEM_2_SIZE_HIGH;
import static iommu.legacy.calgary.CalgaryRegisters.MEM_2_SIZE_LOW;

import iommu.legacy.calgary.CalgaryRegisters;

/**
 * The memory of devices behind one PHB: what one agent sends there reaches another one and is never
 * translated. The hole of PCs from 640 KiB to 1 MiB (to CalIOC2 all of the first MiB), one range
 * below 4 GiB, and a second one while it is enabled; limits name the last MiB.
 */
final class PeripheralMemory {

    private static final long MEGABYTE = 0xfffff;
    private static final long HOLE_START = 0xa0000;
    private static final long HOLE_END = 0x100000;

    private final int number;
    private final long holeStart;
    private final RegisterSpace registers;

    PeripheralMemory(int number, RegisterSpace registers, boolean isCalIoc2) {
        holeStart = isCalIoc2 ? 0 : HOLE_START;
        this.number = number;
        this.registers = registers;
    }

    private int register(int offset) {
        return registers.get32(CalgaryRegisters.phb(number, offset));
    }

    /** Returns whether an address below 4 GiB is memory of a device. */
    boolean contains(long address) {
        return address >= holeStart && address < HOLE_END
                || isWithin(address, MEM_1_LOW, MEM_1_HIGH,
                        Integer.toUnsignedLong(register(MEM_1_SIZE)))
                || CalgaryRegisters.MEM_2_ENABLE.isSet(register(CONFIG_RW))
                && isWithin(address, MEM_2_LOW, MEM_2_HIGH, join(MEM_2_SIZE_HIGH, MEM_2_SIZE_LOW));
    }

    private boolean isWithin(long address, int low, int high, long limit) {
        long start = join(high, low);
        return limit > start && address >= start && address <= (limit | MEGABYTE);
    }

    private long join(int high, int low) {
        return (long) register(high) << 32 | Integer.toUnsignedLong(register(low));
    }
}
