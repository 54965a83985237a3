// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import iommu.api.pcie.Message;
import iommu.api.sim.EventQueue;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/** Hardware whose messages a test may block, and a port to it. */
final class ControllerFixture implements InterruptControllers.Wires, InterruptControllers.Port {

    static final long BASE = 0xfec0_0000L;
    static final int SOURCE = 0xa0;

    final EventQueue queue = new EventQueue();
    final List<IoApic> all;
    final InterruptControllers.Hardware hardware;
    final List<String> sent = new ArrayList<>();
    final List<String> console = new ArrayList<>();
    final List<Boolean> checks = new ArrayList<>();
    /** Which data of a message a unit lets pass. */
    LongPredicate passes = data -> true;
    /** Address of this kernel's entries; 0 if it has no table. */
    long remappedTo;
    private final long[] taken = new long[256];

    ControllerFixture(int inputs, boolean lint0) {
        all = List.of(new IoApic(0, BASE, 0, inputs, SOURCE, 0, lint0),
                new IoApic(1, BASE + 0x1000, inputs, 8, SOURCE + 1, 0, false));
        hardware = new IoApics().hardware(all, queue, this);
    }

    @Override
    public void message(IoApic from, int input, long address, int data) {
        sent.add(String.format("%d: %x %x", input, address, data));
        if (passes.test(data)) {
            taken[data & 0xff]++;
        }
    }

    @Override
    public void local(int vector) {
        taken[vector]++;
    }

    @Override
    public void asserted(int input, Runnable effects) {
        effects.run();
    }

    @Override
    public List<IoApic> controllers() {
        return all;
    }

    @Override
    public int read(long physicalAddress) {
        return hardware.read(physicalAddress);
    }

    @Override
    public void write(long physicalAddress, int value) {
        hardware.write(physicalAddress, value);
    }

    @Override
    public void writePort(int port, int value) {
        hardware.writePort(port, value);
    }

    @Override
    public void entry(IoApic of, int input, long value, Runnable writes) {
        writes.run();
    }

    @Override
    public Message remapped(IoApic of, int input, int vector) {
        return remappedTo == 0 ? null : new Message(remappedTo, vector);
    }

    @Override
    public void pause(long nanos) {
        queue.advance(nanos);
    }

    @Override
    public long taken(int vector) {
        return taken[vector];
    }

    @Override
    public void checked(IoApic of, int input, long arrived, boolean works) {
        checks.add(works);
    }

    @Override
    public void print(String line) {
        console.add(line);
    }

    /** Returns a register that lies behind the window of a controller. */
    int register(int controller, int index) {
        long base = all.get(controller).base();
        hardware.write(base, index);
        return hardware.read(base + RedirectionTable.WINDOW);
    }

    /** Writes an entry of the first controller, the lower half last. */
    void redirect(int input, long entry) {
        int index = RedirectionTable.ENTRIES + 2 * input;
        hardware.write(BASE, index + 1);
        hardware.write(BASE + RedirectionTable.WINDOW, (int) (entry >>> 32));
        hardware.write(BASE, index);
        hardware.write(BASE + RedirectionTable.WINDOW, (int) entry);
    }
}
