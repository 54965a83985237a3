// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.EventKind;
import iommu.api.unit.Interrupt;
import iommu.api.unit.RootComplexFactory;

/**
 * Brings interrupts from the root complex to whoever runs on the processor. After a crash only the
 * processor runs that crashed: what a table sends to another is lost, if it is known which that is.
 * Of messages that no table remaps the destination is not looked at. One thread.
 *
 * <p>Source: Intel SDM volume 3, "Logical Destination Mode", "Logical Destination Mode in x2APIC
 * Mode".
 */
public final class ProcessorWires implements RootComplexFactory.Processor {

    private static final int BROADCAST = 0xff;
    private static final long WIDE_BROADCAST = 0xffff_ffffL;
    /** Processors of a cluster, a bit of a logical destination each; its number is above. */
    private static final int CLUSTER_SIZE = 16;
    private static final long LOGICAL = Long.MIN_VALUE;

    private final Machine machine;
    private int runningOn = -1;

    ProcessorWires(Machine machine) {
        this.machine = machine;
    }

    /** From now on one processor alone runs: others take no interrupts. */
    public void runsOn(int apicId) {
        runningOn = apicId;
    }

    /** Returns the APIC id of the only processor that runs; -1 if that is of no account. */
    public int runningOn() {
        return runningOn;
    }

    @Override
    public void interrupt(int alias, long interrupt, int data) {
        if (Interrupt.isUnchanged(interrupt)) {
            machine.processor().interrupt(alias, data & machine.platform().vectorMask());
        } else if (reaches(interrupt)) {
            machine.processor().interrupt(alias, Interrupt.vector(interrupt));
        } else {
            machine.trace().append(EventKind.INTERRUPT_ELSEWHERE, alias,
                    Interrupt.vector(interrupt), Interrupt.destination(interrupt)
                            | (Interrupt.isLogical(interrupt) ? LOGICAL : 0));
        }
    }

    private boolean reaches(long interrupt) {
        long to = Interrupt.destination(interrupt);
        return runningOn < 0 || Interrupt.isPosted(interrupt) || to == BROADCAST
                || to == WIDE_BROADCAST
                || (Interrupt.isLogical(interrupt) ? isMember(to) : to == runningOn);
    }

    /** Returns whether a logical destination has the processor; 8 bits are of cluster 0. */
    private boolean isMember(long destination) {
        return destination >>> CLUSTER_SIZE == runningOn / CLUSTER_SIZE
                && (destination >>> runningOn % CLUSTER_SIZE & 1) != 0;
    }

    @Override
    public void interruptPin(int function, int pin, boolean asserted) {
        machine.interruptLines().level(function, asserted);
        int line = machine.interruptLines().of(function);
        if (machine.controllers().have(line)) {
            machine.controllers().pin(function, line, asserted);
        } else {
            machine.processor().interruptPin(function, asserted);
        }
    }

    @Override
    public void systemError(int reporter, SystemError error) {
        machine.processor().systemError(reporter, error);
    }

    @Override
    public void stalled(int function, long nanos) {
        machine.processor().stalled(function, nanos);
    }
}
