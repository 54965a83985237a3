// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.Message;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import iommu.api.unit.KernelPanicException;
import java.util.Arrays;
import java.util.List;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.NoAnswerException;

/** The way of one kernel to the interrupt controllers of its machine, and its code for them. */
final class ControllerPort implements InterruptControllers.Port {

    private static final int VECTORS = 256;
    private static final int NOT_TAKEN = -1;
    private static final long TOO_FEW = Long.MIN_VALUE;

    private final Kernel kernel;
    private final Machine machine;
    private final InterruptControllers.Hardware hardware;
    private final InterruptControllers.Driver driver;
    /** By vector how many interrupts have come; the others are a driver's or nobody's. */
    private final long[] taken = new long[VECTORS];
    private int lastCheck;

    /** @param made the services of the machine; null if there are none */
    ControllerPort(Kernel kernel, Machine machine, InterruptControllers made) {
        this.kernel = kernel;
        this.machine = machine;
        Arrays.fill(taken, NOT_TAKEN);
        hardware = machine.controllers().hardware();
        driver = hardware == null ? null : NoAnswerException.checked(
                made.driver(kernel.profile(), this), made, "a driver");
    }

    /** Sets the controllers up, if there are any. */
    void start() {
        if (driver != null) {
            driver.start();
        }
    }

    /**
     * Looks whether the timer works, if there are any.
     *
     * @throws KernelPanicException if it does not
     */
    void checkTimer() {
        if (driver == null) {
            return;
        }
        try {
            driver.checkTimer();
        } catch (KernelPanicException e) {
            kernel.panicBehind(lastCheck, e.getMessage());
            throw e;
        }
    }

    /** Returns whether a line of pins leads to a controller. */
    boolean have(int line) {
        return driver != null && machine.controllers().have(line);
    }

    /** Lets a line through, and has what waits there come again. */
    void enable(int line, int vector) {
        driver.disable(line);
        driver.enable(line, vector);
    }

    /** Masks a line, if it leads to a controller. */
    void disable(int line) {
        if (have(line)) {
            driver.disable(line);
        }
    }

    /** Takes an interrupt; returns whether its vector is one of these. */
    boolean takes(int vector) {
        if (vector >= VECTORS || taken[vector] == NOT_TAKEN) {
            return false;
        }
        taken[vector]++;
        return true;
    }

    // ---- for the code ---------------------------------------------------------------------------

    @Override
    public List<IoApic> controllers() {
        return machine.description().ioApics();
    }

    @Override
    public int read(long physicalAddress) {
        kernel.spend(kernel.costs().registerAccess());
        return hardware.read(physicalAddress);
    }

    @Override
    public void write(long physicalAddress, int value) {
        kernel.spend(kernel.costs().registerAccess());
        hardware.write(physicalAddress, value);
    }

    @Override
    public void writePort(int port, int value) {
        kernel.spend(kernel.costs().registerAccess());
        hardware.writePort(port, value);
    }

    @Override
    public void entry(IoApic of, int input, long value, Runnable writes) {
        Trace trace = machine.trace();
        int before = trace.enter(trace.append(EventKind.CONTROLLER_WRITE, of.source(), input,
                value));
        writes.run();
        trace.leave(before);
    }

    @Override
    public Message remapped(IoApic of, int input, int vector) {
        return of.unit() < 0 ? null : kernel.units().get(of.unit()).driver()
                .controllerMessage(of.source(), input, vector);
    }

    @Override
    public void pause(long nanos) {
        kernel.spend(nanos);
    }

    @Override
    public long taken(int vector) {
        taken[vector] = Math.max(0, taken[vector]);
        return taken[vector];
    }

    @Override
    public void checked(IoApic of, int input, long arrived, boolean works) {
        lastCheck = machine.trace().append(EventKind.INPUT_CHECKED, of.source(), input,
                works ? arrived : arrived | TOO_FEW);
    }

    @Override
    public void print(String line) {
        kernel.print(ConsoleLine.NOTICE, Trace.NOBODY, line);
    }
}
