// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.machine.DriverMemory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Workload;
import iommu.api.profile.KernelProfile;
import iommu.api.sim.EventQueue;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import kdump.lab.engine.machine.Machine;

/**
 * A kernel on the machine: time, pages, the console, interrupts, and the code for its units. Both
 * the crashed and the capture kernel are one of these; they differ in the memory they own and in
 * what they are told to do. One thread.
 */
public final class Kernel implements Machine.Processor {

    private static final byte[] ZEROS = new byte[PhysicalMemory.PAGE_BYTES];

    private final Machine machine;
    private final PhysicalMemory memory;
    private final Trace trace;
    private final KernelProfile profile;
    private final PageAllocator pages;
    private final IommuCore iommu;
    private final DeviceInterrupts interrupts;
    private final ControllerPort controllers;
    private final FatalErrors fatalErrors = new FatalErrors(this);
    private final DriverMappings mappings = new DriverMappings(this);
    private boolean timed;
    private boolean stopped;
    private SpuriousInterrupts spuriousInterrupts;
    private int phaseEvent;
    private long registerAccesses;
    private long owed;

    /**
     * Makes a kernel.
     *
     * @param iovaInUse addresses that are taken already
     * @param passThrough aliases whose requests pass unchanged under this kernel's tables
     */
    public Kernel(Machine machine, KernelProfile profile, PageAllocator pages,
            IovaInUse iovaInUse, Set<Integer> passThrough) {
        this.machine = machine;
        this.memory = machine.memory();
        this.trace = machine.trace();
        this.profile = profile;
        this.pages = pages;
        this.iommu = new IommuCore(this, machine, profile, iovaInUse, passThrough);
        this.controllers = new ControllerPort(this, machine,
                machine.services().interruptControllers());
        this.interrupts = new DeviceInterrupts(this, machine, controllers);
    }

    /** From now on acts cost time. */
    public void startClock() {
        timed = true;
    }

    /** Ends this kernel: its interrupt handlers and timers do nothing any more. */
    public void stop() {
        stopped = true;
    }

    /** Returns whether it has ended. */
    public boolean isStopped() {
        return stopped;
    }

    /** Sets the event that stands behind this kernel's writes where nothing closer does. */
    public void phaseEvent(int id) {
        phaseEvent = id;
    }

    /** Returns what this kernel is. */
    public KernelProfile profile() {
        return profile;
    }

    /** Returns what its acts cost. */
    public KernelProfile.Costs costs() {
        return profile.costs();
    }

    /** Returns its code for remapping units. */
    public IommuCore iommu() {
        return iommu;
    }

    /** Returns its code for one unit. */
    public List<UnitSlot> units() {
        return iommu.units();
    }

    /** Counts its memory: some of it a unit may sit on. */
    public void countMemory() {
        units().forEach(unit -> unit.driver().countMemory());
    }

    /**
     * Boots as far as memory: what this kernel maps by where no unit translates. One that units
     * translate for, as far as it knows yet, does without.
     */
    public void startMapping() {
        if (units().stream().noneMatch(UnitSlot::isManaged)) {
            iommu.findWayWithoutUnit(new EngineKernelPort(this, machine));
        }
    }

    PageAllocator pages() {
        return pages;
    }

    /** Returns the address after the last page that is this kernel's to give out. */
    long memoryEnd() {
        return pages.end();
    }

    /** Returns the address after the last of a machine's RAM. */
    static long memoryEnd(Machine machine) {
        return machine.description().memoryMap().ranges(MemoryKind.SYSTEM_RAM).stream()
                .mapToLong(AddressRange::end).max().orElse(0);
    }

    Trace trace() {
        return trace;
    }

    // ---- time and memory ------------------------------------------------------------------------

    /** Lets an act take its time, and what else this kernel owes. */
    public void spend(long nanos) {
        EventQueue queue = machine.queue();
        if (timed && !queue.inEvent()) {
            long all = nanos + owed;
            owed = 0;
            queue.advance(all);
        }
    }

    /** Has the next act take longer: meanwhile the processor does something else. */
    void owe(long nanos) {
        owed += nanos;
    }

    /** Lets the time pass that this kernel owes; none if it owes nothing. */
    public void payTime() {
        if (owed > 0) {
            spend(0);
        }
    }

    /** Notes one access to a register of any unit, and lets it take its time. */
    public void accessRegister() {
        registerAccesses++;
        spend(profile.costs().registerAccess());
    }

    /** Returns how often this kernel read or wrote a register of any unit. */
    public long registerAccesses() {
        return registerAccesses;
    }

    /** Has the writes that follow done by this kernel; returns what {@link #endWrites} wants. */
    int beginWrites() {
        int before = memory.cause();
        memory.cause(trace.parent() != 0 ? trace.parent() : phaseEvent);
        return before;
    }

    void endWrites(int before) {
        memory.cause(before);
    }

    /** Reads 64 bits. */
    long read64(long physicalAddress) {
        spend(profile.costs().memoryAccess());
        return memory.read64(physicalAddress);
    }

    /** Writes 64 bits. */
    public void write64(long physicalAddress, long value) {
        spend(profile.costs().memoryAccess());
        int before = beginWrites();
        memory.write64(physicalAddress, value);
        endWrites(before);
    }

    /** Writes bytes, which takes no time of its own. */
    public void write(long physicalAddress, byte[] from, int offset, int bytes) {
        int before = beginWrites();
        memory.write(physicalAddress, from, offset, bytes);
        endWrites(before);
    }

    long allocatePages(int count) {
        return cleared(pages.allocate(count), count);
    }

    /** Allocates for a driver: where its device reaches pages as they are, if it is to. */
    long allocatePages(PciFunction function, int count) {
        return reachesLowPagesOnly(function) ? allocateLowPages(count) : allocatePages(count);
    }

    boolean reachesLowPagesOnly(PciFunction function) {
        return !iommu.mapsDma(function) && machine.config(function.requesterId()) != null
                && DmaMask.bits(machine.config(function.requesterId())) == DmaMask.NARROW;
    }

    /** Allocates below 4 GiB as long as there are pages. */
    long allocateLowPages(int count) {
        return cleared(pages.allocateLow(count), count);
    }

    /** Allocates a page in which it keeps nothing. */
    long allocateScratchPage() {
        return cleared(pages.allocateScratch(), 1);
    }

    private long cleared(long address, int count) {
        spend(profile.costs().pageAllocation() * count);
        int before = beginWrites();
        for (int i = 0; i < count; i++) {
            memory.write(address + (long) i * ZEROS.length, ZEROS, 0, ZEROS.length);
        }
        endWrites(before);
        return address;
    }

    /** Prints a line on the console; {@code requester} is whom it is about, -1 for nobody. */
    public void print(ConsoleLine kind, int requester, String line) {
        trace.append(EventKind.CONSOLE, Trace.NOBODY, kind.ordinal(), requester, line);
    }

    // ---- interrupts -----------------------------------------------------------------------------

    /** Does what the fault interrupt of a unit makes this kernel do. */
    @Override
    public void faults(int unit) {
        if (!stopped && units().get(unit).announcesFaults()) {
            units().get(unit).driver().handleFaults();
        }
    }

    /** From now on the processor takes interrupts: those that nobody waits for are spurious. */
    public void takeInterrupts() {
        spuriousInterrupts = new SpuriousInterrupts(machine.queue(), trace,
                profile.costs().strayInterrupt());
    }

    @Override
    public void interrupt(int alias, int vector) {
        if (spuriousInterrupts == null) {
            return;
        }
        if (controllers.takes(vector) || interrupts.taken(vector)) {
            trace.append(EventKind.INTERRUPT, alias, vector, 1);
        } else {
            spuriousInterrupts.taken(alias, vector);
        }
    }

    /** Returns whether a driver of this kernel listens to a line by the pin of its function. */
    public boolean listensTo(int function, int line) {
        return interrupts.listens(function, line);
    }

    @Override
    public void interruptPin(int function, boolean asserted) {
        if (spuriousInterrupts != null) {
            interrupts.pinTaken(function, asserted);
        }
    }

    /**
     * {@inheritDoc} A capture kernel does not survive it: firmware makes it an NMI, and servers
     * have kernels panic over that.
     */
    @Override
    public void systemError(int reporter, SystemError error) {
        fatalErrors.systemError(reporter, error);
    }

    /**
     * {@inheritDoc} Nothing else is done meanwhile. For ever is the end of a capture kernel, and so
     * is any such wait where the platform makes a machine check of it.
     */
    @Override
    public void stalled(int function, long nanos) {
        fatalErrors.stalled(function, nanos);
    }

    @Override
    public void machineCheck(String words) {
        fatalErrors.machineCheck(words);
    }

    /**
     * Has interrupts of a function handled at once, in the event that they come with.
     *
     * @return false if the function has none
     */
    public boolean handleInterrupts(PciFunction function, Runnable handler) {
        return interrupts.handle(function, handler);
    }

    /** Sets up what interrupt inputs lead to, if the machine has interrupt controllers. */
    public void startControllers() {
        controllers.start();
    }

    /**
     * Looks whether interrupts of the timer arrive, if the machine has interrupt controllers.
     *
     * @throws KernelPanicException if they do not
     */
    public void checkTimer() {
        controllers.checkTimer();
    }

    /** Enters the end of this kernel, and what it is over, unless that is done. */
    void panicBehind(int event, String words) {
        fatalErrors.panicBehind(event, words);
    }

    /** Has somebody told when firmware reports an error of a function, before this kernel ends. */
    public void onFirmwareError(IntConsumer listener) {
        fatalErrors.onFirmwareError(listener);
    }

    /** Returns whether it has entered its own end into the trace, with what it is over. */
    public boolean hasPanicked() {
        return fatalErrors.hasPanicked();
    }

    /** From now on a system error is the end. */
    public void endOnSystemError() {
        fatalErrors.areFatal();
    }

    /** Returns the interrupts that it has set up for its drivers. */
    DeviceInterrupts interrupts() {
        return interrupts;
    }

    // ---- DMA ------------------------------------------------------------------------------------

    /** Maps a page or less for a function; {@code access} as in {@link iommu.api.pcie.Access}. */
    DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        return iommu.opsFor(function).map(function, physicalAddress, bytes, access);
    }

    /**
     * Maps for a function what a driver maps while its kernel runs; nothing where no unit of this
     * kernel translates for the function.
     */
    public void mapDriverMemory(PciFunction function, DriverMemory memory) {
        mappings.map(function, memory);
    }

    /**
     * Returns a load as the driver of a function has mapped it: what its device does not reach as
     * it is lies elsewhere for it. What cannot be mapped is left out.
     */
    public Workload mapped(PciFunction function, Workload load) {
        return mappings.mapped(function, load);
    }

    /** Has the driver of a function map what it keeps; returns how many pages of it that were. */
    int bind(PciFunction function, int pages) {
        var slot = machine.slot(function.requesterId());
        return slot == null ? 0
                : slot.driver(new EngineDriverPort(this, machine, function)).bind(pages);
    }

    void unmap(PciFunction function, DmaBuffer buffer) {
        iommu.opsFor(function).unmap(function, buffer);
    }
}
