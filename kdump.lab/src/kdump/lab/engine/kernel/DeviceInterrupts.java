// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Message;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.engine.machine.Machine;

/**
 * The interrupts that a kernel has set up for its drivers: which vector of the processor stands for
 * which vector of which function, and which have arrived. One thread.
 *
 * <p>Source: Linux, msi.c, __pci_enable_msix_range, __pci_enable_msi_range.
 */
final class DeviceInterrupts {

    /** Vectors below are exceptions, the legacy interrupts and the kernel's own. */
    private static final int FIRST_VECTOR = 0x31;
    private static final int LAST_VECTOR = 0xee;
    private static final int MSI_ENABLE = 0x0001;
    private static final int MSI_MULTIPLE_ENABLE = 0x0070;
    private static final int MSI_WIDE = 0x0080;
    private static final int MSI_X_ENABLE = 0x8000;
    private static final int MSI_X_FUNCTION_MASK = 0x4000;
    private static final int TABLE_SIZE = 0x07ff;
    private static final int COMMAND = 0x04;
    private static final int INTERRUPT_DISABLE = 0x0400;

    private final Kernel kernel;
    private final Machine machine;
    /** By vector of the processor, how many interrupts wait for a driver; -1 where none listens. */
    private final int[] waiting = new int[LAST_VECTOR + 1];
    private final Map<Integer, int[]> vectors = new HashMap<>();
    private final PinInterrupts pins;
    /** By function those that are handled at once, and by their vectors. */
    private final Map<Integer, List<Runnable>> handlers = new HashMap<>();
    private final Map<Integer, List<Runnable>> handlersOf = new HashMap<>();
    private int next = FIRST_VECTOR;

    DeviceInterrupts(Kernel kernel, Machine machine, ControllerPort controllers) {
        this.kernel = kernel;
        this.machine = machine;
        pins = new PinInterrupts(kernel, machine, controllers, this::nextVector,
                this::handled);
        Arrays.fill(waiting, -1);
    }

    /** Does what {@link iommu.api.pcie.DriverPort#enableInterrupts} says. */
    int enable(PciFunction function, int wanted) {
        int msiX = Capabilities.find(function::readConfig, Capabilities.MSI_X);
        int msi = Capabilities.find(function::readConfig, Capabilities.MSI);
        if (msiX != 0) {
            return enableTable(function, msiX, wanted);
        }
        if (msi != 0) {
            enableMsi(function, msi);
            return 1;
        }
        if (!pins.listen(function)) {
            return 0;
        }
        function.writeConfig(COMMAND, 2,
                function.readConfig(COMMAND, 2) & ~INTERRUPT_DISABLE);
        return 1;
    }

    private int enableTable(PciFunction function, int at, int wanted) {
        int control = function.readConfig(at + 2, 2);
        int count = Math.min(wanted, (control & TABLE_SIZE) + 1);
        function.writeConfig(at + 2, 2, control | MSI_X_ENABLE | MSI_X_FUNCTION_MASK);
        for (int i = 0; i < count; i++) {
            Interrupts.writeEntry(function, i, message(function, count, i));
        }
        function.writeConfig(COMMAND, 2, function.readConfig(COMMAND, 2) | INTERRUPT_DISABLE);
        function.writeConfig(at + 2, 2, control & ~MSI_X_FUNCTION_MASK | MSI_X_ENABLE);
        return count;
    }

    private void enableMsi(PciFunction function, int at) {
        int control = function.readConfig(at + 2, 2) & ~MSI_MULTIPLE_ENABLE;
        Message message = message(function, 1, 0);
        function.writeConfig(at + 4, 4, (int) message.address());
        boolean wide = (control & MSI_WIDE) != 0;
        if (wide) {
            function.writeConfig(at + 8, 4, (int) (message.address() >>> 32));
        }
        function.writeConfig(at + (wide ? 12 : 8), 2, message.data());
        function.writeConfig(COMMAND, 2, function.readConfig(COMMAND, 2) | INTERRUPT_DISABLE);
        function.writeConfig(at + 2, 2, control | MSI_ENABLE);
    }

    private int nextVector() {
        int vector = next;
        next = next == LAST_VECTOR ? FIRST_VECTOR : next + 1;
        return vector;
    }

    /** Gives a vector of a function one of the processor's, and returns the message for it. */
    private Message message(PciFunction function, int count, int index) {
        int vector = nextVector();
        waiting[vector] = Math.max(0, waiting[vector]);
        vectors.computeIfAbsent(function.requesterId(), r -> new int[count])[index] = vector;
        Message remapped = kernel.iommu().interruptMessage(function, vector);
        return remapped != null ? remapped
                : new Message(machine.platform().messages().start(), vector);
    }

    /** Does what {@link Kernel#handleInterrupts} says. */
    boolean handle(PciFunction function, Runnable handler) {
        int id = function.requesterId();
        if (handlers.containsKey(id)) {
            handlers.get(id).add(handler);
            return true;
        }
        var all = new ArrayList<>(List.of(handler));
        handlers.put(id, all);
        if (enable(function, 1) == 0) {
            handlers.remove(id);
            return false;
        }
        if (vectors.containsKey(id)) {
            handlersOf.put(vectors.get(id)[0], all);
        }
        return true;
    }

    /** Handles the interrupt of a function's pin, if that is done at once; returns whether. */
    private boolean handled(int function) {
        List<Runnable> all = handlers.get(function);
        if (all == null) {
            return false;
        }
        all.forEach(Runnable::run);
        return true;
    }

    /** Takes an interrupt; returns whether a driver of this kernel listens to its vector. */
    boolean taken(int vector) {
        if (pins.taken(vector)) {
            return true;
        }
        if (vector >= waiting.length || waiting[vector] < 0) {
            return false;
        }
        List<Runnable> all = handlersOf.isEmpty() ? null : handlersOf.get(vector);
        if (all != null) {
            all.forEach(Runnable::run);
        } else {
            waiting[vector]++;
        }
        return true;
    }

    /** Returns whether the driver of a function listens to a line of pins. */
    boolean listens(int function, int line) {
        return pins.listens(function, line);
    }

    /** Takes the level of a function's pin. */
    void pinTaken(int function, boolean asserted) {
        pins.changed(function, asserted);
    }

    /** Does what {@link iommu.api.pcie.DriverPort#waitForInterrupt} says. */
    boolean await(PciFunction function, int vector, long timeoutNanos) {
        EventQueue queue = machine.queue();
        int[] own = vectors.get(function.requesterId());
        long limit = queue.nanos() + timeoutNanos;
        while (!take(function, own, vector)) {
            if (queue.inEvent() || !queue.step(limit)) {
                return take(function, own, vector);
            }
        }
        kernel.spend(kernel.costs().strayInterrupt());
        return true;
    }

    private boolean take(PciFunction function, int[] own, int vector) {
        if (own != null && vector < own.length) {
            boolean there = waiting[own[vector]] > 0;
            waiting[own[vector]] = 0;
            return there;
        }
        return pins.take(function.requesterId());
    }
}
