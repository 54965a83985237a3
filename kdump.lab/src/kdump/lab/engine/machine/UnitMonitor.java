// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.UnitListener;

/** Hears one unit: records what it tells and carries its interrupt to the processor. */
final class UnitMonitor implements UnitListener {

    private static final long INTERRUPT_NANOS = 10_000;
    private static final int RECORDED_SHIFT = 32;

    private final Machine machine;
    private final Trace trace;
    private final int unit;
    private final Runnable interrupt;

    UnitMonitor(Machine machine, int unit) {
        this.machine = machine;
        this.trace = machine.trace();
        this.unit = unit;
        interrupt = () -> machine.processor().faults(unit);
    }

    @Override
    public void blocked(FaultRecord fault, boolean recorded) {
        trace.append(EventKind.FAULT, unit, fault.address(),
                Integer.toUnsignedLong(trace.acting()) | (recorded ? 1L << RECORDED_SHIFT : 0),
                fault);
    }

    @Override
    public void machineCheck(FaultRecord error) {
        machine.processor().machineCheck(error.text() + ", at 0x"
                + Long.toHexString(error.address()));
    }

    @Override
    public void translation(boolean enabled) {
        trace.append(EventKind.TRANSLATION, unit, enabled ? 1 : 0, 0);
    }

    @Override
    public boolean hearsInvalidations() {
        return trace.keeps();
    }

    @Override
    public void invalidated(String what) {
        trace.append(EventKind.INVALIDATION, unit, 0, 0, what);
    }

    @Override
    public void faultInterrupt() {
        trace.append(EventKind.FAULT_INTERRUPT, unit);
        machine.queue().schedule(INTERRUPT_NANOS, interrupt);
    }
}
