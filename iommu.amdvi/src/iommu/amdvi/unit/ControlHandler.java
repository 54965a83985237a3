// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.unit.commands.Commands;
import iommu.amdvi.unit.events.EventLog;
import iommu.amdvi.unit.registers.Running;
import iommu.api.bits.RegisterFile;

/**
 * What writes of the control register set off. A buffer runs from the write that makes the last of
 * its enables 1, and stops with the first that is 0. Source: 48882, "IOMMU Control Register".
 */
final class ControlHandler {

    /** Receives the switch that the whole unit obeys. */
    interface Effects {

        /** IommuEn changed. */
        void translation(boolean on);
    }

    private final RegisterFile registers;
    private final Commands commands;
    private final EventLog events;
    private final Effects effects;
    private final boolean logs;
    private long before;

    /** @param logs whether the logs of page requests and guests' interrupts show that they run */
    ControlHandler(RegisterFile registers, Commands commands, EventLog events, boolean logs,
            Effects effects) {
        this.registers = registers;
        this.logs = logs;
        this.commands = commands;
        this.events = events;
        this.effects = effects;
        before = registers.get(AmdViRegisters.CONTROL);
        registers.onWrite(AmdViRegisters.CONTROL, (written, mask) -> changed());
    }

    private void changed() {
        long now = registers.get(AmdViRegisters.CONTROL);
        long was = before;
        before = now;
        if (Control.IOMMU_EN.isSet(now ^ was)) {
            effects.translation(Control.IOMMU_EN.isSet(now));
        }
        for (Running buffer : Running.values()) {
            boolean runs = buffer.runs(now);
            if (runs != buffer.runs(was)) {
                run(buffer, runs);
            }
        }
    }

    private void run(Running buffer, boolean on) {
        switch (buffer) {
            case EVENTS -> events.run(on);
            case COMMANDS -> commands.run(on);
            default -> {
                if (logs) {
                    registers.set(AmdViRegisters.STATUS, buffer.status(), on ? 1 : 0);
                }
            }
        }
    }
}
