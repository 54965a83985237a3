// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.UnitListener;
import iommu.legacy.gart.unit.GartUnit;
import iommu.testkit.FakeFunction;
import iommu.testkit.FakeKernelPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A machine of one northbridge, 32 MiB below 4 GiB and 16 MiB above. */
public final class Northbridge implements UnitListener {

    /** Where firmware has left an aperture, of 64 MiB. */
    public static final long APERTURE = 0xc800_0000L;
    /** The memory that 32 bits do not reach. */
    public static final long HIGH = 1L << 32;
    /** A function that sends 32 bits. */
    public static final FakeFunction NARROW = new FakeFunction(0x30, 0x040000);
    /** One that sends 64. */
    public static final FakeFunction WIDE = new FakeFunction(0x38, 0x020000);

    /** The machine's memory. */
    public final PhysicalMemory memory;
    /** What was refused, switched and dropped. */
    public final List<String> told = new ArrayList<>();
    /** The unit. */
    public final GartUnit unit;
    /** A kernel's way to it. */
    public final FakeKernelPort port;

    /** Makes a machine whose firmware has left an aperture. */
    public Northbridge() {
        this(Map.of(GartRegisters.CONTROL, 2, GartRegisters.BASE, 0x64), Map.of());
    }

    /** Makes a machine. */
    public Northbridge(Map<Integer, Integer> words, Map<String, Long> settings) {
        this(words, settings, 32L << 20);
    }

    /** Makes a machine with other memory below 4 GiB. */
    public Northbridge(Map<Integer, Integer> words, Map<String, Long> settings, long low) {
        memory = PhysicalMemory.zeroed(List.of(new AddressRange(0, low),
                new AddressRange(HIGH, HIGH + (16 << 20))));
        unit = new GartUnit(new UnitProfile("gart", "test", 0, new TreeMap<>(words), settings),
                memory);
        unit.listener(this);
        port = new FakeKernelPort(unit, memory, 0x10_0000, 32L << 20);
        port.memoryEnds(HIGH + (16 << 20), HIGH + (16 << 20));
        port.dmaBits(NARROW.requesterId(), 32);
    }

    /** Returns an entry of the table that the unit has. */
    public long entry(int index) {
        long at = GartRegisters.tableAddress(unit.readRegister(GartRegisters.TABLE, 4))
                + 4L * index;
        return memory.read64(at & -8) >>> 8 * (at & 7) & 0xffff_ffffL;
    }

    /** Writes two entries of a table, the first of an even number. */
    public void entries(long table, int index, long first, long second) {
        memory.write64(table + 4L * index, first | second << 32);
    }

    /** Writes a register. */
    public void set(int register, long value) {
        unit.writeRegister(register, 4, value);
    }

    @Override
    public void blocked(FaultRecord fault, boolean recorded) {
        told.add(fault.key());
    }

    @Override
    public void machineCheck(FaultRecord error) {
        told.add("#MC " + error.key());
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
