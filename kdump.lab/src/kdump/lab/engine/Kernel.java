// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.sim.EventQueue;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * A kernel on the machine: time, pages, I/O virtual addresses, and one driver a unit. Both the
 * crashed and the capture kernel are one of these; they differ in the memory they own and in what
 * they are told to do. One thread.
 */
final class Kernel {

    /** Entries of the unit's own driver: the state of one unit under this kernel. */
    static final class UnitSeat {
        private final UnitDriver driver;
        private boolean managed;
        private boolean announcesFaults;

        private UnitSeat(UnitDriver driver) {
            this.driver = driver;
        }

        UnitDriver driver() {
            return driver;
        }

        /** Says that this kernel's tables are in the unit: DMA is mapped from now on. */
        void manage() {
            managed = true;
        }

        void announceFaults() {
            announcesFaults = true;
        }

        boolean announcesFaults() {
            return announcesFaults;
        }
    }

    /** What the lines have in common that kernels print for a fault, VT-d's and AMD-Vi's. */
    private static final List<String> FAULT_LINES =
            List.of("fault addr", "fault index", "Event logged");

    private final Hardware hardware;
    private final KernelProfile profile;
    private final PagePool pool;
    private final Timeline timeline;
    private final Ledger ledger;
    private final List<UnitSeat> units = new ArrayList<>();
    private final Map<Integer, IovaSpace> iovas = new HashMap<>();
    private final Map<Integer, List<AddressRange>> iovaInUse;
    private final List<AddressRange> iovaReserved = new ArrayList<>();
    private final Map<Integer, Set<AddressRange>> identityMapped = new HashMap<>();
    private final Set<Integer> passThrough;
    private final Set<Integer> mapped = new HashSet<>();
    private IntConsumer firstMap = requester -> { };
    private boolean timed;
    private boolean stopped;
    private boolean handlingFaults;
    private StrayInterrupts strayInterrupts;
    private int cause;
    private long registerAccesses;

    /**
     * Makes a kernel.
     *
     * @param iovaInUse addresses that are taken already, by alias
     * @param passThrough aliases whose requests pass unchanged under this kernel's tables
     */
    Kernel(Hardware hardware, KernelProfile profile, PagePool pool, Timeline timeline,
            Ledger ledger, Map<Integer, List<AddressRange>> iovaInUse, Set<Integer> passThrough) {
        this.hardware = hardware;
        this.profile = profile;
        this.pool = pool;
        this.timeline = timeline;
        this.ledger = ledger;
        this.iovaInUse = iovaInUse;
        this.passThrough = passThrough;
        for (int i = 0; i < hardware.units().size(); i++) {
            units.add(new UnitSeat(
                    hardware.vendor(i).driver(profile, new EngineKernelPort(this, hardware, i))));
        }
    }

    /** From now on acts cost time. */
    void startClock() {
        timed = true;
    }

    /** Ends this kernel: its interrupt handlers and timers do nothing any more. */
    void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }

    /** Sets the cause that this kernel's writes carry from now on. */
    void cause(int number) {
        cause = number;
    }

    /** Has {@code listener} told before a function's first mapping. */
    void onFirstMap(IntConsumer listener) {
        firstMap = listener;
    }

    KernelProfile profile() {
        return profile;
    }

    KernelProfile.Costs costs() {
        return profile.costs();
    }

    Timeline timeline() {
        return timeline;
    }

    List<UnitSeat> units() {
        return units;
    }

    PagePool pool() {
        return pool;
    }

    /** Lets an act take its time. */
    void spend(long nanos) {
        EventQueue queue = hardware.queue();
        if (timed && !queue.inEvent()) {
            queue.advance(nanos);
        }
    }

    /** Notes one access to a register of any unit, and lets it take its time. */
    void accessRegister() {
        registerAccesses++;
        spend(profile.costs().registerAccess());
    }

    /** Returns how often this kernel read or wrote a register of any unit. */
    long registerAccesses() {
        return registerAccesses;
    }

    /** Runs {@code writes} to memory under this kernel's cause. */
    void write(Runnable writes) {
        PhysicalMemory memory = hardware.memory();
        int before = memory.cause();
        memory.cause(cause);
        writes.run();
        memory.cause(before);
    }

    long read64(long physicalAddress) {
        spend(profile.costs().memoryAccess());
        return hardware.memory().read64(physicalAddress);
    }

    void write64(long physicalAddress, long value) {
        spend(profile.costs().memoryAccess());
        write(() -> hardware.memory().write64(physicalAddress, value));
    }

    long allocatePages(int count) {
        long address = pool.allocate(count);
        spend(profile.costs().pageAllocation() * count);
        byte[] zeros = new byte[PhysicalMemory.PAGE_BYTES];
        write(() -> {
            for (int i = 0; i < count; i++) {
                hardware.memory().write(address + (long) i * zeros.length, zeros, 0, zeros.length);
            }
        });
        return address;
    }

    void print(String line) {
        if (handlingFaults && FAULT_LINES.stream().anyMatch(line::contains)) {
            ledger.printed();
        }
        timeline.add("console", line);
    }

    /** Says that a step of the policy was refused. */
    void refused(String reason) {
        ledger.refused(reason);
        timeline.add("refused", reason);
    }

    /** Does what the fault interrupt of a unit makes this kernel do. */
    void handleFaults(int unit) {
        if (!stopped && units.get(unit).announcesFaults()) {
            handlingFaults = true;
            units.get(unit).driver().handleFaults();
            handlingFaults = false;
        }
    }

    /** From now on the processor takes interrupts: those that nobody waits for are stray. */
    void takeInterrupts() {
        strayInterrupts = new StrayInterrupts(hardware.queue(), timeline,
                profile.costs().strayInterrupt());
    }

    /** An interrupt reached the processor. */
    void interrupted(int alias, int vector) {
        if (strayInterrupts != null) {
            strayInterrupts.taken(alias, vector);
        }
    }

    /** Maps a page or less for a function; {@code access} as in {@link iommu.api.pcie.Access}. */
    DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        UnitSeat seat = seatFor(function);
        if (seat == null) {
            return new DmaBuffer(physicalAddress, physicalAddress, bytes);
        }
        if (mapped.add(function.requesterId())) {
            firstMap.accept(function.requesterId());
        }
        long page = physicalAddress & -PhysicalMemory.PAGE_BYTES;
        long iova = iovas.computeIfAbsent(function.alias(), this::newSpace).allocate();
        seat.driver.map(function.requesterId(), iova, page, PhysicalMemory.PAGE_BYTES, access);
        return new DmaBuffer(iova + physicalAddress - page, physicalAddress, bytes);
    }

    void unmap(PciFunction function, DmaBuffer buffer) {
        UnitSeat seat = seatFor(function);
        if (seat != null) {
            long page = buffer.iova() & -PhysicalMemory.PAGE_BYTES;
            seat.driver.unmap(function.requesterId(), page, PhysicalMemory.PAGE_BYTES);
            iovas.get(function.alias()).free(page);
        }
    }

    /** Keeps a range from being given out to any function. */
    void reserveIova(AddressRange range) {
        iovaReserved.add(range);
        iovas.values().forEach(space -> space.reserve(range.start(), range.bytes()));
    }

    /**
     * Maps a range to itself for a function; once for all functions of one alias.
     *
     * @throws StepRefusedException if the function's requests do not go through tables of this
     *     kernel
     */
    void identityMap(PciFunction function, AddressRange range) throws StepRefusedException {
        UnitSeat seat = seatFor(function);
        if (seat == null) {
            throw new StepRefusedException("no table of this kernel maps the requests of "
                    + RequesterId.format(function.requesterId()));
        }
        if (identityMapped.computeIfAbsent(function.alias(), a -> new HashSet<>()).add(range)) {
            seat.driver.map(function.requesterId(), range.start(), range.start(), range.bytes(),
                    Access.READ | Access.WRITE);
        }
    }

    private IovaSpace newSpace(int alias) {
        var space = new IovaSpace();
        iovaInUse.getOrDefault(alias, List.of()).forEach(r -> space.reserve(r.start(), r.bytes()));
        iovaReserved.forEach(r -> space.reserve(r.start(), r.bytes()));
        hardware.fabric().functions().stream().filter(f -> f.alias() == alias)
                .flatMap(f -> hardware.description().reservedFor(f.requesterId()).stream())
                .forEach(r -> space.reserve(r.start(), r.bytes()));
        return space;
    }

    /** Returns the unit that this kernel maps a function's DMA in; null if it goes direct. */
    private UnitSeat seatFor(PciFunction function) {
        int unit = hardware.description().unitOf(function.alias());
        if (unit < 0 || !units.get(unit).managed || passThrough.contains(function.alias())) {
            return null;
        }
        return units.get(unit);
    }
}
