// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.kdump.Phase;
import iommu.api.memory.AddressRange;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Hardware;
import kdump.lab.api.experiment.Observer;

/** A run that was recorded as a whole, for questions about it afterwards. One thread. */
public final class Tale {

    private static final Phase[] PHASES = Phase.values();
    private static final Set<EventKind> DMA = EnumSet.of(EventKind.DMA_READ, EventKind.DMA_WRITE);

    private final Trace trace;
    private final Verdict verdict;
    private final AddressRange reservation;
    private final long registerAccesses;
    private final Map<Phase, Integer> begins = new EnumMap<>(Phase.class);
    private final Map<Phase, List<Mapping>> tables;
    private final Map<Integer, Integer> aliases = new HashMap<>();
    private final MappingTable meant;
    /** The event in which each function dropped what it held at the crash. */
    private final Map<Integer, Integer> dropped = new HashMap<>();
    /** The event in which a driver of the capture kernel began with each function. */
    private final Map<Integer, Integer> probed = new HashMap<>();

    private Tale(Hardware hardware, Verdict verdict, Map<Phase, List<Mapping>> tables) {
        this.trace = hardware.trace();
        this.verdict = verdict;
        this.reservation = hardware.reservation();
        this.registerAccesses = hardware.registerAccesses();
        this.tables = tables;
        this.meant = new MappingTable(atCrash());
        hardware.fabric().functions().forEach(f -> aliases.put(f.requesterId(), f.alias()));
        ids(EnumSet.of(EventKind.PHASE), 1)
                .forEach(id -> begins.put(PHASES[(int) trace.event(id).a()], id));
        ids(EnumSet.of(EventKind.DEVICE_RESET), begin(Phase.CRASH))
                .forEach(id -> dropped.putIfAbsent(trace.event(id).actor(), id));
        ids(EnumSet.of(EventKind.PROBE), begin(Phase.CRASH))
                .forEach(id -> probed.putIfAbsent(trace.event(id).actor(), id));
    }

    /** Records a run. */
    public static class Recorder implements Observer<Tale> {

        private final Map<Phase, List<Mapping>> tables = new EnumMap<>(Phase.class);

        @Override
        public void phase(Phase phase, Hardware hardware) {
            if (phase == Phase.CRASH || phase == Phase.DUMP) {
                tables.put(phase, Mapping.all(hardware));
            }
        }

        @Override
        public Tale end(Hardware hardware, Verdict verdict) {
            return new Tale(hardware, verdict, tables);
        }
    }

    /** Returns what the lab says of it. */
    public Verdict verdict() {
        return verdict;
    }

    /** Returns the memory of the capture kernel. */
    public AddressRange reservation() {
        return reservation;
    }

    /** Returns how often the capture kernel read or wrote a register of a unit. */
    public long registerAccesses() {
        return registerAccesses;
    }

    /** Returns what the tables mapped at T1. */
    public List<Mapping> atCrash() {
        return tables.getOrDefault(Phase.CRASH, List.of());
    }

    /** Returns what they mapped at T8; empty if it did not come to that. */
    public List<Mapping> atDump() {
        return tables.getOrDefault(Phase.DUMP, List.of());
    }

    /** Returns the event in which a phase began; one behind the last if it never did. */
    public int begin(Phase phase) {
        return begins.getOrDefault(phase, trace.size());
    }

    /** Returns the phase of an event. */
    public Phase phase(Event event) {
        Phase last = Phase.RUNNING;
        for (Map.Entry<Phase, Integer> e : begins.entrySet()) {
            last = e.getValue() <= event.id() ? e.getKey() : last;
        }
        return last;
    }

    private IntStream ids(Set<EventKind> kinds, int from) {
        return IntStream.range(from, trace.size()).filter(id -> kinds.contains(trace.kind(id)));
    }

    /** Returns the events of a kind since T1. */
    public Stream<Event> events(EventKind kind) {
        return ids(EnumSet.of(kind), begin(Phase.CRASH)).mapToObj(trace::event);
    }

    /** Returns all mappings of kernels, those from before T1 too. */
    public List<Event> allMaps() {
        return ids(EnumSet.of(EventKind.MAP), 1).mapToObj(trace::event).toList();
    }

    /** Returns the events of a kind within a phase. */
    public Stream<Event> events(EventKind kind, Phase phase) {
        Phase next = phase.ordinal() + 1 < PHASES.length ? PHASES[phase.ordinal() + 1] : null;
        int end = next == null ? trace.size() : begin(next);
        return ids(EnumSet.of(kind), begin(phase)).takeWhile(id -> id < end)
                .mapToObj(trace::event);
    }

    /** Returns the requests of DMA that are the crashed kernel's work, since T1. */
    public Stream<Event> oldRequests() {
        return requests(e -> e.id() < droppedAt(e.actor()));
    }

    /** Returns the requests of DMA that the capture kernel's drivers had their devices make. */
    public Stream<Event> newRequests() {
        return requests(e -> e.id() > droppedAt(e.actor()));
    }

    private Stream<Event> requests(Predicate<Event> whose) {
        return ids(DMA, begin(Phase.CRASH)).mapToObj(trace::event).filter(whose);
    }

    /** Returns the event in which a function dropped the crashed kernel's work. */
    public int droppedAt(int requester) {
        return dropped.getOrDefault(requester, trace.size());
    }

    /** Returns when a driver of the capture kernel began with a function. */
    public int probedAt(int requester) {
        return probed.getOrDefault(requester, trace.size());
    }

    /** Returns how many requests of the crashed kernel's work each function made in each phase. */
    public Map<Integer, Map<Phase, Integer>> oldRequestsByPhase() {
        var counts = new TreeMap<Integer, Map<Phase, Integer>>();
        oldRequests().forEach(e -> counts
                .computeIfAbsent(e.actor(), a -> new EnumMap<>(Phase.class))
                .merge(phase(e), 1, Integer::sum));
        return counts;
    }

    /** Returns the id that requests of a function carry. */
    public int alias(int requester) {
        return aliases.getOrDefault(requester, requester);
    }

    /** Returns where the tables of T1 sent a request; -1 if nowhere. */
    public long meant(Event request) {
        return meant(request.actor(), request.a());
    }

    /** Returns where the tables of T1 sent a function's request for an address; -1 if nowhere. */
    public long meant(int function, long address) {
        return meant.target(alias(function), address);
    }

    /** Returns where a request went; -1 if it was blocked. */
    public static long went(Event request) {
        return DmaOutcome.isBlocked(request.b()) ? -1
                : DmaOutcome.physicalAddress(request.a(), request.b());
    }

    /** Returns the functions that did DMA as the crashed kernel's work since T1. */
    public Set<Integer> busy() {
        var busy = new TreeSet<Integer>();
        oldRequests().forEach(e -> busy.add(e.actor()));
        return busy;
    }
}
