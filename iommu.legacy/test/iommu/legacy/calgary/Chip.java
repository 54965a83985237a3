// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.UnitListener;
import iommu.legacy.calgary.unit.CalgaryUnit;
import iommu.testkit.FakeKernelPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A machine of one chip and 64 MiB: PHB 1 has bus 1 with two agents, PHB 2 has buses 2 and 3 with
 * one, PHB 3 bus 4 with none.
 */
public final class Chip implements UnitListener {

    /** End of memory. */
    public static final long END = 64L << 20;
    /** On bus 1. */
    public static final int DISK = RequesterId.of(0, 1, 2, 0);
    /** On bus 1, too. */
    public static final int MANAGEMENT = RequesterId.of(0, 1, 3, 0);
    /** On bus 2. */
    public static final int NIC = RequesterId.of(0, 2, 1, 0);

    /** The machine's memory. */
    public final PhysicalMemory memory = PhysicalMemory.zeroed(List.of(new AddressRange(0, END)));
    /** What was refused, with whether it was noted. */
    public final List<String> refused = new ArrayList<>();
    /** What was switched, and dropped. */
    public final List<String> told = new ArrayList<>();
    /** The unit. */
    public final CalgaryUnit unit;
    /** A kernel's way to it. */
    public final FakeKernelPort port;

    /** Makes a machine. */
    public Chip() {
        this(Map.of());
    }

    /** Makes a machine with settings of the unit. */
    public Chip(Map<String, Long> settings) {
        var words = new TreeMap<Integer, Integer>();
        words.put(CalgaryRegisters.stuff(1), 0x0001_0100);
        words.put(CalgaryRegisters.stuff(2), 0x0003_0200);
        words.put(CalgaryRegisters.stuff(3), 0x0004_0400);
        for (int phb = 1; phb <= 2; phb++) { // 0xe0000000 to 0xe7ffffff
            words.put(CalgaryRegisters.phb(phb, CalgaryRegisters.MEM_1_LOW), 0xe0);
            words.put(CalgaryRegisters.phb(phb, CalgaryRegisters.MEM_1_SIZE), 0xffe7);
        }
        unit = new CalgaryUnit(new UnitProfile("calgary", "test", 0xfe00_0000L, words, settings),
                memory);
        unit.listener(this);
        port = new FakeKernelPort(unit, memory, 0x100_0000, END);
        port.memoryEnds(END, END);
        for (int bus : new int[] {1, 2, 4}) {
            port.configOf(RequesterId.of(0, bus, 0, 0)).writeConfig(0, 4, 0x02a1_1014);
        }
        for (int agent : new int[] {DISK, MANAGEMENT, NIC}) {
            port.configOf(agent).writeConfig(0, 4, 0x1234_8086);
        }
    }

    /** Writes a 32-bit register of a PHB. */
    public void set(int phb, int register, int value) {
        unit.writeRegister(CalgaryRegisters.phb(phb, register), 4,
                Integer.toUnsignedLong(Integer.reverseBytes(value)));
    }

    /** Returns a 32-bit register of a PHB. */
    public int get(int phb, int register) {
        return Integer.reverseBytes(
                (int) unit.readRegister(CalgaryRegisters.phb(phb, register), 4));
    }

    /** Writes a table address register. */
    public void setTar(int phb, long value) {
        unit.writeRegister(CalgaryRegisters.tar(phb), 8, Long.reverseBytes(value));
    }

    /** Returns a table address register. */
    public long tar(int phb) {
        return Long.reverseBytes(unit.readRegister(CalgaryRegisters.tar(phb), 8));
    }

    /** Writes an entry of a table. */
    public void entry(long table, long index, long value) {
        memory.write64(table + 8 * index, Long.reverseBytes(value));
    }

    /** Returns an entry of a table. */
    public long entry(long table, long index) {
        return Long.reverseBytes(memory.read64(table + 8 * index));
    }

    @Override
    public void blocked(FaultRecord fault, boolean recorded) {
        refused.add(fault.key() + (recorded ? " noted" : ""));
    }

    @Override
    public void translation(boolean enabled) {
        told.add(enabled ? "on" : "off");
    }

    @Override
    public void invalidated(String what) {
        told.add(what);
    }
}
