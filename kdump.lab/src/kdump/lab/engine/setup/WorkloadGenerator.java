// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.RunDefaults;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Message;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import kdump.lab.engine.kernel.DmaMask;
import kdump.lab.engine.machine.Machine;

/**
 * Draws from the seed which engines of a machine are busy, how fast, and with which of the pages
 * that the captured tables map for them.
 *
 * <p>Half of the engines or more are busy, and so is every network controller whose model says how
 * long it goes on: frames arrive whatever the kernel does. So is the controller that the dump goes
 * to of a machine that was captured, as it ran from a disk. Of those whose models leave that to the
 * workload, one at least streams: it goes round its ring for ever, as audio, capture and management
 * engines do, and is no disk controller if there is anything else. Rates are drawn between 20 and
 * 200 requests a second, 200 and 600 for those that stream; a function whose rate the machine says
 * is busy at that rate.
 */
final class WorkloadGenerator {

    private static final int STORAGE = 0x01;
    private static final int NETWORK = 0x02;
    private static final int MIN_PAGES = 2;
    private static final int MAX_BUFFERS = 48;
    /** A guest's driver draws on all of the guest's memory. */
    private static final int MAX_GUEST_PAGES = 2048;
    private static final int DIRECT_PAGES = 32;
    private static final int MOST_RINGS = 8;
    private static final int MOST_QUEUE_PAGES = 256;

    private final MappedPages survey;
    private final AddressRange reservation;
    private final BitSet takenFrames;
    private final RandomStream random;
    private final double rateFactor;
    private final Map<Integer, Double> rates;
    private final Set<Long> taken = new HashSet<>();
    private final List<String> remarks = new ArrayList<>();
    private Set<Integer> guests = Set.of();
    private boolean captured;

    /**
     * Makes one.
     *
     * @param takenFrames that no buffer of a function without translation lies in
     * @param rates requests a second of functions for which nothing is drawn
     */
    WorkloadGenerator(MappedPages survey, AddressRange reservation, BitSet takenFrames, long seed,
            double rateFactor, Map<Integer, Double> rates) {
        this.survey = survey;
        this.reservation = reservation;
        this.takenFrames = takenFrames;
        this.random = new RandomStream(seed, "loads");
        this.rateFactor = rateFactor;
        this.rates = rates;
    }

    /** Returns what was drawn, a sentence an engine. */
    List<String> remarks() {
        return remarks;
    }

    /** Returns the loads by function; functions that are idle are left out. */
    Map<Integer, Workload> draw(Machine machine) {
        var candidates = new ArrayList<PciFunction>();
        var pages = new TreeMap<Integer, List<DmaBuffer>>();
        RunDefaults said = machine.description().runDefaults();
        guests = said.guests();
        captured = !said.bootedHere();
        for (PciFunction function : machine.functionsWithDevice()) {
            if (said.pluggedAtCrash().contains(function.requesterId())) {
                remarks.add(RequesterId.format(function.requesterId())
                        + " is plugged in after the crash");
                continue;
            }
            if (machine.slot(function.requesterId()).worksByItself()) {
                remarks.add(RequesterId.format(function.requesterId()) + " works by itself, "
                        + machine.slot(function.requesterId()).activity());
                continue;
            }
            List<DmaBuffer> mine = pagesOf(function, machine);
            if (!function.busMaster() || mine.size() < MIN_PAGES) {
                remarks.add(RequesterId.format(function.requesterId()) + " is idle: "
                        + (function.busMaster() ? "too few pages mapped for a ring and a buffer"
                                : "bus mastering is off"));
                continue;
            }
            candidates.add(function);
            pages.put(function.requesterId(), mine);
        }
        shuffle(candidates);
        int streams = firstStreaming(candidates, machine);
        int root = captured ? machine.dumpTarget(null) : -1;
        var loads = new TreeMap<Integer, Workload>();
        for (int i = 0; i < candidates.size(); i++) {
            PciFunction function = candidates.get(i);
            boolean open = isOpen(function, machine);
            boolean busy = i == streams || i < (candidates.size() + 1) / 2 || random.oneIn(2)
                    || !open && classOf(function, machine) == NETWORK
                    || function.requesterId() == root
                    || rates.containsKey(function.requesterId());
            boolean streaming = (i == streams || random.oneIn(2)) && open;
            Workload load = load(function, pages.get(function.requesterId()), streaming,
                    classOf(function, machine), hasQueuesInOrder(function, machine),
                    tableMessage(function, machine));
            if (busy && rateFactor > 0) {
                loads.put(function.requesterId(), load);
            }
        }
        loads.forEach((id, load) -> remarks.add(describe(id, load, machine.slot(id).activity())));
        return loads;
    }

    private static String describe(int id, Workload load, String activity) {
        return String.format(
                "%s is busy: %.0f requests/s of %d bytes, %d of 1000 read memory, %s%s",
                RequesterId.format(id), load.requestsPerSecond(), load.bytes(),
                load.readsPerMille(),
                activity != null ? activity
                        : load.streaming() ? "streaming" : "until what is posted is done",
                load.message() == null ? "" : String.format(", MSI-X %x %x",
                        load.message().address(), load.message().data()));
    }

    /**
     * Returns what the MSI-X table of a function is taken to hold, since no capture has it: the
     * message of the first interrupt entry that is the function's alone.
     */
    private static Message tableMessage(PciFunction function, Machine machine) {
        int unit = machine.description().unitOf(function.alias());
        return unit < 0 || !Interrupts.tableEnabled(function) ? null
                : machine.units().get(unit).firstMessage(function.alias());
    }

    private static boolean isOpen(PciFunction function, Machine machine) {
        return machine.slot(function.requesterId()).activity() == null;
    }

    private static int classOf(PciFunction function, Machine machine) {
        return machine.config(function.requesterId()).classCode() >>> 16;
    }

    /** Returns the index of a candidate whose model leaves open whether it streams; -1 if none. */
    private static int firstStreaming(List<PciFunction> candidates, Machine machine) {
        int disk = -1;
        for (int i = 0; i < candidates.size(); i++) {
            if (isOpen(candidates.get(i), machine)) {
                if (classOf(candidates.get(i), machine) != STORAGE) {
                    return i;
                }
                disk = disk < 0 ? i : disk;
            }
        }
        return disk;
    }

    private Workload load(PciFunction function, List<DmaBuffer> pages, boolean streaming,
            int baseClass, boolean queuesAlone, Message message) {
        double drawn = streaming ? random.between(200, 600) : random.between(20, 200);
        double rate = rateFactor * rates.getOrDefault(function.requesterId(), drawn);
        int readsPerMille = (int) random.between(200, 800);
        int bytes = 256 << random.nextInt(4);
        List<DmaBuffer> readable = new ArrayList<>();
        if (!survey.isDirect(function.alias())) {
            take(survey.readable(function.alias()), readable, MAX_BUFFERS);
        }
        List<DmaBuffer> writeOnly = new ArrayList<>();
        if (!survey.isDirect(function.alias())) {
            take(survey.writeOnly(function.alias()), writeOnly, MAX_BUFFERS);
        }
        int rings = queuesAlone ? pages.size()
                : rings(pages.size(), baseClass == NETWORK && !writeOnly.isEmpty());
        return new Workload(rate, streaming, readsPerMille, bytes, pages.subList(0, rings),
                readable, pages.subList(rings, pages.size()), writeOnly, message);
    }

    /**
     * Returns how many of the pages that are mapped both ways are for rings: half of them, but all
     * of a network controller's whose buffers are mapped one way, as Linux maps them.
     */
    private static int rings(int pages, boolean buffersApart) {
        return Math.min(MOST_RINGS, buffersApart ? pages : (pages + 1) / 2);
    }

    /**
     * Returns whether the pages that a function may read and write are its queues, which its driver
     * knows by the order in which it has allocated them, from the highest address down.
     */
    private boolean hasQueuesInOrder(PciFunction function, Machine machine) {
        return machine.slot(function.requesterId()).findsQueues()
                && !guests.contains(function.requesterId())
                && !survey.isDirect(function.alias());
    }

    private List<DmaBuffer> pagesOf(PciFunction function, Machine machine) {
        FunctionConfig config = machine.config(function.requesterId());
        List<DmaBuffer> mine = new ArrayList<>();
        if (survey.isDirect(function.alias())) {
            directPages(mine);
            if (DmaMask.bits(config) == DmaMask.NARROW) { // rings are where the device reaches them
                mine.sort(Comparator.comparing(page -> page.physicalAddress() >>> 32 != 0));
            }
        } else {
            if (captured && config.classCode() >>> 16 == NETWORK) {
                takeInOrder(NetworkRings.of(config, survey.writable(function.alias())), mine,
                        MAX_BUFFERS);
            }
            if (hasQueuesInOrder(function, machine)) {
                var order = new ArrayList<>(survey.writable(function.alias()));
                shuffle(order); // what is drawn for others does not hang on this
                order.sort(Comparator.comparing(DmaBuffer::iova, Long::compareUnsigned).reversed());
                takeInOrder(order, mine, MOST_QUEUE_PAGES);
                return mine;
            }
            take(survey.writable(function.alias()), mine,
                    guests.contains(function.requesterId()) ? MAX_GUEST_PAGES : MAX_BUFFERS);
        }
        return mine;
    }

    /** Takes pages that no other engine has, each once, in a random order. */
    private void take(List<DmaBuffer> from, List<DmaBuffer> into, int most) {
        var order = new ArrayList<>(from);
        shuffle(order);
        takeInOrder(order, into, most);
    }

    private void takeInOrder(List<DmaBuffer> order, List<DmaBuffer> into, int most) {
        for (DmaBuffer page : order) {
            if (into.size() == most) {
                return;
            }
            if (!reservation.contains(page.physicalAddress())
                    && taken.add(page.physicalAddress())) {
                into.add(page);
            }
        }
    }

    private void directPages(List<DmaBuffer> into) {
        List<AddressRange> ram =
                survey.systemRam().stream().filter(r -> r.bytes() > 1 << 20).toList();
        for (int tries = 0; tries < 64 * DIRECT_PAGES && into.size() < DIRECT_PAGES
                && !ram.isEmpty(); tries++) {
            AddressRange range = ram.get(random.nextInt(ram.size()));
            long page = random.between(range.start() + 4095 >>> 12, (range.end() >>> 12) - 1) << 12;
            if (page >= 1L << 24 && !takenFrames.get((int) (page >>> 12)) && taken.add(page)) {
                into.add(new DmaBuffer(page, page, 4096));
            }
        }
    }

    private <T> void shuffle(List<T> list) {
        for (int i = list.size() - 1; i > 0; i--) {
            java.util.Collections.swap(list, i, random.nextInt(i + 1));
        }
    }
}
