// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a policy sees: units and functions with config space, nothing else. */
final class Seen implements HandoverView, HandoverNotes {

    static final AddressRange RESERVATION = new AddressRange(0x2000_0000, 0x3000_0000);

    private final List<UnitView> units = new ArrayList<>();
    private final List<FunctionView> functions = new ArrayList<>();
    private final Map<Integer, Map<Integer, Integer>> config = new HashMap<>();

    static Seen unitsOf(String... vendors) {
        var seen = new Seen();
        for (String vendor : vendors) {
            seen.units.add(new UnitView(seen.units.size(), vendor, 0xfed9_0000L));
        }
        return seen;
    }

    /** Adds a function with bytes of config space: offset, value, offset, value... */
    Seen function(int requester, int classCode, int headerType, int... bytes) {
        functions.add(new FunctionView(requester, classCode, headerType));
        var space = new TreeMap<Integer, Integer>();
        for (int i = 0; i < bytes.length; i += 2) {
            space.put(bytes[i], bytes[i + 1]);
        }
        config.put(requester, space);
        return this;
    }

    /** Returns what a policy asks for when a phase begins. */
    List<Step> at(Phase phase, HandoverPolicy policy) {
        return policy.decide(new HandoverEvent.PhaseStart(phase), this, this);
    }

    List<Step> refused(Step step, HandoverPolicy policy) {
        return policy.decide(new HandoverEvent.StepRefused(step, "no"), this, this);
    }

    @Override
    public Phase phase() {
        throw new UnsupportedOperationException("the event tells it");
    }

    @Override
    public long nanosSinceCrash() {
        return 0;
    }

    @Override
    public List<UnitView> units() {
        return List.copyOf(units);
    }

    @Override
    public List<FunctionView> functions() {
        return List.copyOf(functions);
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
        throw new UnsupportedOperationException("no unit answers");
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        int value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | config.get(requester).getOrDefault(offset + i, 0);
        }
        return value;
    }

    @Override
    public long readMemory(long physicalAddress) {
        throw new UnsupportedOperationException("no memory answers");
    }

    @Override
    public byte[] get(String key, int version) {
        return null;
    }

    @Override
    public void put(String key, int version, byte[] bytes) {
        throw new UnsupportedOperationException("no policy here keeps notes");
    }
}
