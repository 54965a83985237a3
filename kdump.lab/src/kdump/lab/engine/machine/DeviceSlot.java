// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * One device in its place: what it has of the machine around it, and the medium behind it. What
 * reaches the medium is kept, blocks come back when they are read, everything else is a pattern of
 * seed and position. One thread.
 */
public final class DeviceSlot implements DeviceContext {

    private final Machine machine;
    private final DeviceModel model;
    private final PciFunction function;
    private final DmaPort dma;
    private final Trace trace;
    private final long mediumSeed;
    private final DeviceSetup setup;
    private final Device device;
    private final MediaStore media;
    private final InterruptFaults faults;
    private final ReservedMemory reserved;
    /** The event of each request by its token, where the trace keeps them. */
    private int[] events = {};
    private int token;

    private DeviceSlot(Machine machine, DeviceModel model, PciFunction function, DmaPort dma,
            DeviceSetup setup) {
        this.machine = machine;
        this.model = model;
        this.function = function;
        this.dma = dma;
        this.trace = machine.trace();
        this.media = machine.media();
        this.mediumSeed = RandomStream.mix(setup.seed() + function.requesterId());
        this.setup = setup;
        reserved = new ReservedMemory(
                machine.description().reservedFor(function.requesterId()));
        faults = new InterruptFaults(machine.queue(), dma.interrupts(), setup,
                function.requesterId());
        Device made = NoAnswerException.checked(model.device(this), model, "a device");
        Device whole = setup.isLate(machine, function.requesterId())
                ? new LateDevice(made, () -> nanos() > setup.crashAtNanos()) : made;
        this.device = UnresponsiveDevice.of(whole, machine.queue(), setup,
                function.requesterId());
    }

    /** Puts a device behind a function; null if no model accepts it. */
    static DeviceSlot of(Machine machine, PciFunction function, DmaPort dma, DeviceSetup setup) {
        for (DeviceModel model : machine.services().models()) {
            if (model.accepts(machine.config(function.requesterId()))) {
                return new DeviceSlot(machine, model, function, dma, setup);
            }
        }
        return null;
    }

    DeviceModel model() {
        return model;
    }

    /** Returns the device. */
    public Device device() {
        return device;
    }

    /** Returns the names of the options that the device asks for, and of those of any device. */
    public Set<String> options() {
        var all = new TreeSet<>(model.options());
        all.addAll(InterruptFaults.OPTIONS);
        all.addAll(ErrorInjections.OPTIONS);
        all.addAll(UnresponsiveDevice.OPTIONS);
        return all;
    }

    /** Returns whether it does all that it does by itself, without a driver. */
    public boolean worksByItself() {
        return model.worksByItself(machine.config(function.requesterId()));
    }

    /** Returns how long it goes on by itself, in words; null where its workload says so. */
    public String activity() {
        return model.activity(machine.config(function.requesterId()));
    }

    /** Returns whether its driver knows its queues among all pages that are mapped both ways. */
    public boolean findsQueues() {
        return model.findsQueues();
    }

    /** Makes a driver for this device. */
    public DeviceDriver driver(DriverPort port) {
        return NoAnswerException.checked(model.driver(port), model, "a driver");
    }

    @Override
    public PciFunction function() {
        return function;
    }

    @Override
    public DmaPort dma() {
        return dma;
    }

    @Override
    public long nanos() {
        return machine.queue().nanos();
    }

    @Override
    public void schedule(long delayNanos, Runnable action) {
        machine.queue().schedule(delayNanos, action);
    }

    @Override
    public long option(String name, long otherwise) {
        return setup.option(function.requesterId(), name, reserved.option(name, otherwise));
    }

    @Override
    public void readReserved(long address, byte[] to, int offset, int bytes) {
        reserved.check(this, address, bytes);
        machine.memory().read(address, to, offset, bytes);
    }

    @Override
    public void writeReserved(long address, byte[] from, int offset, int bytes) {
        reserved.check(this, address, bytes);
        machine.memory().write(address, from, offset, bytes);
    }

    // ---- requests -------------------------------------------------------------------------------

    @Override
    public int request(long number) {
        token = token == Integer.MAX_VALUE ? 1 : token + 1;
        int event = trace.append(EventKind.REQUEST, function.requesterId(), number, token);
        if (event != 0) {
            if (token >= events.length) {
                events = Arrays.copyOf(events, Math.max(64, 2 * token));
            }
            events[token] = event;
        }
        trace.enter(event);
        return token;
    }

    @Override
    public void resume(int resumed) {
        trace.append(EventKind.RESUMED, function.requesterId(), 0, resumed);
        trace.enter(resumed < events.length ? events[resumed] : 0);
    }

    @Override
    public void dropped() {
        faults.reset();
        trace.append(EventKind.DEVICE_RESET, function.requesterId());
    }

    // ---- media ----------------------------------------------------------------------------------

    @Override
    public void store(Medium medium, long position, byte[] from, int offset, int bytes) {
        media.put(function.requesterId(), medium, mediumSeed, position, from, offset, bytes);
        trace.append(EventKind.MEDIUM_WRITE, function.requesterId(), position,
                (long) medium.ordinal() << 32 | bytes);
    }

    @Override
    public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) {
        if (medium == Medium.BLOCKS) {
            media.get(function.requesterId(), mediumSeed, position, to, offset, bytes);
        } else {
            MediumPattern.fill(mediumSeed ^ position << 9, to, offset, bytes);
        }
    }
}
