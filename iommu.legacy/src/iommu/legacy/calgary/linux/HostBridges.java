// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.KernelPort;
import iommu.legacy.calgary.CalgaryRegisters;

/**
 * The four PHBs of a chip under one kernel: which buses each has, and which table it has of this
 * kernel. One thread.
 *
 * <p>Source: Linux, pci-calgary_64.c, the functions named at each method; struct calgary_bus_info.
 */
final class HostBridges {

    /** No bus. */
    static final int NOBODY = -1;

    private static final int CALGARY_ID = 0x02a1;
    private static final int CALIOC2_ID = 0x0308;
    private static final int MOST_AGENTS = 8;

    private final KernelPort port;
    private final boolean translatesEmptySlots;
    private final boolean knowsCalIoc2;
    private final PhbRegisters[] phbs = new PhbRegisters[CalgaryRegisters.PHBS];
    /** Null where this kernel has none. */
    private final TceTable[] tables = new TceTable[CalgaryRegisters.PHBS];
    private final int[] sizes = new int[CalgaryRegisters.PHBS];
    /** First bus of each PHB and its last one, once they are located. */
    private final int[] firstBus = new int[CalgaryRegisters.PHBS];
    private final int[] lastBus = new int[CalgaryRegisters.PHBS];

    HostBridges(KernelPort port, CalgaryKernel kernel) {
        this.port = port;
        translatesEmptySlots = kernel.translatesEmptySlots();
        knowsCalIoc2 = kernel.knowsCalIoc2();
        for (int i = 0; i < phbs.length; i++) {
            phbs[i] = new PhbRegisters(port, i);
        }
    }

    PhbRegisters registers(int phb) {
        return phbs[phb];
    }

    /** Returns the table of a PHB; null if this kernel has none for it. */
    TceTable table(int phb) {
        return tables[phb];
    }

    /** Returns the size code of the table of a PHB. */
    int size(int phb) {
        return sizes[phb];
    }

    int firstBus(int phb) {
        return firstBus[phb];
    }

    /** Has a PHB use a table; null for none. */
    void use(int phb, TceTable table, int size) {
        tables[phb] = table;
        sizes[phb] = size;
    }

    boolean hasTables() {
        for (TceTable table : tables) {
            if (table != null) {
                return true;
            }
        }
        return false;
    }

    boolean anyTranslates() {
        for (PhbRegisters phb : phbs) {
            if (phb.translates()) {
                return true;
            }
        }
        return false;
    }

    /** Reads which buses each PHB has: calgary_locate_bbars. */
    void locate() {
        for (int phb = 0; phb < phbs.length; phb++) {
            int stuff = phbs[phb].stuff();
            firstBus[phb] = (int) CalgaryRegisters.FIRST_BUS.of(stuff);
            lastBus[phb] = Math.max(firstBus[phb], (int) CalgaryRegisters.LAST_BUS.of(stuff));
        }
    }

    /**
     * Returns the first bus of a PHB on which there is a chip and, as a rule, agents; -1: none.
     * What is on a bus of CalIOC2 lies behind a bridge, and is not looked for.
     */
    int busOf(int phb) {
        for (int bus = firstBus[phb]; bus <= lastBus[phb]; bus++) {
            int id = identity(bus, 0) >>> 16;
            if (id == CALGARY_ID && (translatesEmptySlots || hasAgents(bus))
                    || id == CALIOC2_ID && knowsCalIoc2) {
                return bus;
            }
        }
        return NOBODY;
    }

    /** Returns whether the chip on a bus is CalIOC2, for PCI Express. */
    boolean isCalIoc2(int bus) {
        return identity(bus, 0) >>> 16 == CALIOC2_ID;
    }

    private int identity(int bus, int device) {
        return port.readConfig(RequesterId.of(0, bus, device, 0), 0, Integer.BYTES);
    }

    private boolean hasAgents(int bus) {
        for (int device = 1; device < MOST_AGENTS; device++) {
            if (identity(bus, device) != -1) {
                return true;
            }
        }
        return false;
    }

    /** Returns the table that translates for a bus; null if none of this kernel's does. */
    TceTable tableOf(int bus) {
        for (int phb = 0; phb < tables.length; phb++) {
            if (tables[phb] != null && bus >= firstBus[phb] && bus <= lastBus[phb]) {
                return tables[phb];
            }
        }
        return null;
    }

    /** Keeps a range from being given out on any PHB. */
    void reserve(AddressRange range) {
        for (TceTable table : tables) {
            if (table != null) {
                table.reserve(range);
            }
        }
    }

    /** Has the PHB of a table drop what it caches. */
    void blast(TceTable table) {
        for (int phb = 0; phb < tables.length; phb++) {
            if (tables[phb] == table && isCalIoc2(table.bus())) {
                CalIoc2.blast(phbs[phb], port, table, sizes[phb]);
            } else if (tables[phb] == table) {
                phbs[phb].blast(table.base(), sizes[phb]);
            }
        }
    }
}
