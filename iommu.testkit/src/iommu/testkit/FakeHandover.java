// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * What a policy sees and keeps: units, functions with config space, memory, notes. Nothing that a
 * policy asks for is done. One thread.
 */
public final class FakeHandover implements HandoverView, HandoverNotes {

    /** The crash reservation. */
    public static final AddressRange RESERVATION = new AddressRange(0x2000_0000, 0x3000_0000);

    private record Note(int version, byte[] bytes) { }

    private final List<UnitView> units = new ArrayList<>();
    private final List<RemappingUnit> hardware = new ArrayList<>();
    private final List<FunctionView> functions = new ArrayList<>();
    private final Map<Integer, FakeFunction> config = new HashMap<>();
    private final Set<Integer> direct = new HashSet<>();
    private final Map<String, Note> notes = new HashMap<>();
    private Function<HandoverEvent, List<Step>> ownSteps = event -> List.of();
    private boolean knowsOwnSteps;
    private final Set<Integer> named = new HashSet<>();
    private final Map<Integer, Integer> unitOf = new HashMap<>();
    private FirmwareFlags firmware = FirmwareFlags.USUAL;
    private PhysicalMemory memory;
    private Phase phase = Phase.RUNNING;
    private long nanosSinceCrash;

    /** Makes one with units of these vendors, whose registers nobody may read. */
    public static FakeHandover unitsOf(String... vendors) {
        var handover = new FakeHandover();
        for (String vendor : vendors) {
            handover.unit(vendor, null);
        }
        return handover;
    }

    /** Adds a unit; null if its registers must not be read. */
    public FakeHandover unit(String vendor, RemappingUnit unit) {
        return unit(vendor, false, unit);
    }

    /** Adds a unit whose interrupts share the tables of DMA, or do not. */
    public FakeHandover unit(String vendor, boolean interruptsShareTables, RemappingUnit unit) {
        units.add(new UnitView(units.size(), vendor, interruptsShareTables,
                0xfed9_0000L + units.size() * 0x1000L));
        hardware.add(unit);
        return this;
    }

    /** Has the unit added last serve these functions, and no others. */
    public FakeHandover serving(int... requesters) {
        int unit = units.size() - 1;
        named.add(unit);
        for (int requester : requesters) {
            unitOf.put(requester, unit);
        }
        return this;
    }

    /** Has firmware say this of the platform; what is usual unless told. */
    public FakeHandover firmware(FirmwareFlags flags) {
        firmware = flags;
        return this;
    }

    /** Adds a function with bytes of config space: offset, value, offset, value... */
    public FakeHandover function(int requester, int classCode, int headerType, int... bytes) {
        functions.add(new FunctionView(requester, classCode, headerType));
        var space = new FakeFunction(requester, classCode);
        space.writeConfig(0x04, 2, 0);
        space.writeConfig(0x0e, 1, headerType);
        for (int i = 0; i < bytes.length; i += 2) {
            space.writeConfig(bytes[i], 1, bytes[i + 1]);
        }
        config.put(requester, space);
        return this;
    }

    /** Has a function reach memory as it is, whatever units there are. */
    public FakeHandover direct(int requester) {
        direct.add(requester);
        return this;
    }

    /** Gives the machine memory. */
    public FakeHandover memory(PhysicalMemory of) {
        memory = of;
        return this;
    }

    /** Says how long ago the crash was. */
    public FakeHandover nanosSinceCrash(long nanos) {
        nanosSinceCrash = nanos;
        return this;
    }

    /** Says what the kernel does by itself; nobody knows unless told. */
    public FakeHandover ownSteps(Function<HandoverEvent, List<Step>> steps) {
        ownSteps = steps;
        knowsOwnSteps = true;
        return this;
    }

    /** Returns what a policy asks for when a phase begins; the hand-over is in that phase then. */
    public List<Step> at(Phase begins, HandoverPolicy policy) {
        phase = begins;
        return tell(new HandoverEvent.PhaseStart(begins), policy);
    }

    /** Returns what a policy asks for when one of its steps was refused. */
    public List<Step> refused(Step step, HandoverPolicy policy) {
        return tell(new HandoverEvent.StepRefused(step, "no"), policy);
    }

    /** Returns what a policy asks for at an event. */
    public List<Step> tell(HandoverEvent event, HandoverPolicy policy) {
        return policy.decide(event, this, this);
    }

    @Override
    public boolean knowsOwnSteps(String vendor) {
        return knowsOwnSteps;
    }

    @Override
    public Phase phase() {
        return phase;
    }

    @Override
    public long nanosSinceCrash() {
        return nanosSinceCrash;
    }

    @Override
    public List<UnitView> units() {
        return List.copyOf(units);
    }

    @Override
    public boolean servesAllOthers(int unit) {
        return !named.contains(unit);
    }

    @Override
    public int unitOf(int requester) {
        int others = -1;
        for (int i = 0; i < units.size(); i++) {
            others = named.contains(i) ? others : i;
        }
        return unitOf.getOrDefault(requester, others);
    }

    @Override
    public FirmwareFlags firmware(int unit) {
        return firmware;
    }

    @Override
    public List<FunctionView> functions() {
        return List.copyOf(functions);
    }

    @Override
    public boolean mapsDma(int requester) {
        return !units.isEmpty() && !direct.contains(requester);
    }

    @Override
    public List<Step> ownSteps(HandoverEvent event) {
        return ownSteps.apply(event);
    }

    @Override
    public MemoryMap memoryMap() {
        return new MemoryMap(List.of());
    }

    @Override
    public AddressRange crashReservation() {
        return RESERVATION;
    }

    @Override
    public long readRegister(int unit, int offset, int bytes) {
        if (hardware.get(unit) == null) {
            throw new UnsupportedOperationException("this test has no unit that answers");
        }
        return hardware.get(unit).readRegister(offset, bytes);
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        FakeFunction function = config.get(requester);
        return function == null ? -1 >>> 32 - 8 * bytes : function.readConfig(offset, bytes);
    }

    @Override
    public long readMemory(long physicalAddress) {
        if (memory == null) {
            throw new UnsupportedOperationException("this test has no memory");
        }
        return memory.read64(physicalAddress);
    }

    @Override
    public byte[] get(String key, int version) {
        Note note = notes.get(key);
        return note == null || note.version != version ? null : note.bytes.clone();
    }

    @Override
    public void put(String key, int version, byte[] bytes) {
        var others = new HashMap<>(notes);
        others.put(key, new Note(version, bytes.clone()));
        int size = others.entrySet().stream()
                .mapToInt(e -> e.getKey().length() + e.getValue().bytes.length).sum();
        if (size > MAX_BYTES) {
            throw new IllegalArgumentException(size + " bytes of notes");
        }
        notes.put(key, others.get(key));
    }
}
