// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.function.IntSupplier;
import kdump.lab.engine.machine.InterruptLines;
import kdump.lab.engine.machine.Machine;

/**
 * The interrupts of a kernel's drivers that come by pins, which share lines. A line that a function
 * asserts which no driver of this kernel listens to is asserted for ever: after 100 000 interrupts
 * that nobody handled, for which nothing else was done, the kernel masks it. From then on it looks
 * ten times a second whether a driver on that line is wanted; kernels before 2.6.28 never do. With
 * irqpoll kernels up to 2.6.38 do so at every tick of the timer, 250 a second (assumed); later ones
 * leave masked lines out of that. One thread.
 *
 * <p>So it is in a capture kernel where the crashed one left a device with its interrupt pending.
 * Source: Linux, note_interrupt, poll_spurious_irqs (since f84dbb912f34),
 * misrouted_irq and try_one_irq (until fa27271bc8d2).
 */
final class PinInterrupts {

    private static final int UNHANDLED = 100_000;
    private static final long POLL_NANOS = 100_000_000;
    private static final long TICK_NANOS = 4_000_000;
    private static final int VECTORS = 256;
    private static final int NO_LINE = -1;

    private final Kernel kernel;
    private final Machine machine;
    private final InterruptLines lines;
    /** Of each function with a driver that listens: its line. */
    private final Map<Integer, Integer> listening = new TreeMap<>();
    /** Of each of them how many interrupts wait for the driver. */
    private final Map<Integer, Integer> waiting = new HashMap<>();
    private final Set<Integer> masked = new HashSet<>();
    private final ControllerPort controllers;
    private final IntSupplier vectors;
    private final IntPredicate handled;
    /** Of lines that lead to a controller: by the vector of each; {@link #NO_LINE} of others. */
    private final int[] lineOfVector = new int[VECTORS];
    private final Map<Integer, Integer> vectorOfLine = new HashMap<>();

    /**
     * @param vectors gives out vectors of the processor
     * @param handled handles an interrupt of a function at once, and says whether it is so handled
     */
    PinInterrupts(Kernel kernel, Machine machine, ControllerPort controllers,
            IntSupplier vectors, IntPredicate handled) {
        this.kernel = kernel;
        this.controllers = controllers;
        this.vectors = vectors;
        this.handled = handled;
        this.machine = machine;
        lines = machine.interruptLines();
        Arrays.fill(lineOfVector, NO_LINE);
    }

    /** Has a driver listen to the pin of its function; returns whether it has one. */
    boolean listen(PciFunction function) {
        int id = function.requesterId();
        int line = lines.of(id);
        if (line == InterruptLines.NONE) {
            return false;
        }
        listening.put(id, line);
        if (controllers.have(line)) {
            waiting.put(id, 0);
            letThrough(line);
            return true;
        }
        waiting.put(id, 0);
        if (lines.isAsserting(id)) {
            arrived(id);
        }
        look(line);
        return true;
    }

    private void letThrough(int line) {
        if (!masked.contains(line)) {
            int vector = vectorOfLine.computeIfAbsent(line, l -> vectors.getAsInt());
            lineOfVector[vector] = line;
            controllers.enable(line, vector);
        }
    }

    /** Takes an interrupt; returns whether its vector is that of a line. */
    boolean taken(int vector) {
        int line = lineOfVector[vector];
        if (line == NO_LINE) {
            return false;
        }
        for (int function : lines.asserting(line)) {
            if (listens(function, line) && !masked.contains(line)) {
                arrived(function);
            }
        }
        look(line);
        return true;
    }

    /** Returns whether the driver of a function listens to a line. */
    boolean listens(int function, int line) {
        return listening.getOrDefault(function, 0) == line;
    }

    /** Takes the level of a function's pin, which the line already has. */
    void changed(int function, boolean asserted) {
        Integer own = listening.get(function);
        if (own != null) {
            if (asserted && !masked.contains(own)) {
                arrived(function);
            }
        } else if (asserted) {
            int line = lines.of(function);
            if (listening.containsValue(line)) {
                look(line);
            }
        }
    }

    private void arrived(int function) {
        if (!handled.test(function)) {
            waiting.merge(function, 1, Integer::sum);
        }
    }

    /** Masks a line that somebody asserts whom no driver listens to. */
    private void look(int line) {
        if (masked.contains(line)) {
            return;
        }
        for (int function : lines.asserting(line)) {
            if (!listening.containsKey(function)) {
                kernel.owe(UNHANDLED * kernel.costs().strayInterrupt());
                masked.add(line);
                controllers.disable(line);
                machine.trace().append(EventKind.LINE_MASKED, function, line, 0);
                kernel.print(ConsoleLine.NOTICE, function, "irq " + line
                        + ": nobody cared (try booting with the \"irqpoll\" option)");
                kernel.print(ConsoleLine.NOTICE, function, "Disabling IRQ #" + line);
                pollLater(line);
                return;
            }
        }
    }

    private void pollLater(int line) {
        KernelVersion version = kernel.profile().version();
        if (kernel.profile().setting(KernelProfile.IRQ_POLL, 0) != 0
                && !version.atLeast(2, 6, 39)) {
            machine.queue().schedule(TICK_NANOS, () -> poll(line));
        } else if (version.atLeast(2, 6, 28)) {
            machine.queue().schedule(POLL_NANOS, () -> poll(line));
        }
    }

    private void poll(int line) {
        if (kernel.isStopped()) {
            return;
        }
        listening.forEach((function, own) -> {
            if (own == line && lines.isAsserting(function)) {
                waiting.put(function, 1);
            }
        });
        pollLater(line);
    }

    /** Returns whether an interrupt waits for the driver of a function, and takes it. */
    boolean take(int function) {
        Integer there = waiting.get(function);
        if (there == null || there == 0) {
            return false;
        }
        waiting.put(function, 0);
        return true;
    }
}
