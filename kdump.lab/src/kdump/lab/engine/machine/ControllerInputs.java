// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.Upstream;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;

/**
 * The interrupt controllers of a machine between inputs and what they reach: the root complex and
 * the processor. A machine may have none. One thread.
 */
public final class ControllerInputs implements InterruptControllers.Wires {

    private final Machine machine;
    private final Upstream root;
    private final InterruptControllers.Hardware hardware;
    private final byte[] message = new byte[Integer.BYTES];

    /** @param made null if no bundle makes any */
    ControllerInputs(Machine machine, Upstream root, InterruptControllers made) {
        this.machine = machine;
        this.root = root;
        hardware = made == null || machine.description().ioApics().isEmpty() ? null
                : NoAnswerException.checked(made.hardware(machine.description().ioApics(),
                        machine.queue(), this), made, "interrupt controllers");
    }

    /** Returns the hardware; null if there is none. */
    public InterruptControllers.Hardware hardware() {
        return hardware;
    }

    /** Returns whether a line of pins leads to one of them. */
    public boolean have(int line) {
        return hardware != null && machine.description().ioApicOf(line) != null;
    }

    /** Takes the level of a function's pin, which its line has already. */
    void pin(int function, int line, boolean asserted) {
        if (asserted) {
            int before = machine.trace().enter(
                    machine.trace().append(EventKind.INPUT, function, line, 0));
            hardware.level(line, true);
            machine.trace().leave(before);
        } else if (machine.interruptLines().asserting(line).length == 0) {
            hardware.level(line, false);
        }
    }

    @Override
    public void message(IoApic from, int input, long address, int data) {
        for (int i = 0; i < message.length; i++) {
            message[i] = (byte) (data >>> Byte.SIZE * i);
        }
        root.write(from.source(), from.source(), address, message, 0, message.length);
    }

    @Override
    public void local(int vector) {
        machine.processor().interrupt(Trace.NOBODY, vector);
    }

    @Override
    public void asserted(int input, Runnable effects) {
        int before = machine.trace().enter(
                machine.trace().append(EventKind.INPUT, Trace.NOBODY, input, 0));
        effects.run();
        machine.trace().leave(before);
    }
}
