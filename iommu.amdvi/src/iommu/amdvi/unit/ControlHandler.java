// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.api.bits.BitField;
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
    private long before;

    ControlHandler(RegisterFile registers, Commands commands, EventLog events,
            Effects effects) {
        this.registers = registers;
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
        if (runs(Control.EVENT_LOG_EN, was) != runs(Control.EVENT_LOG_EN, now)) {
            events.run(runs(Control.EVENT_LOG_EN, now));
        }
        if (runs(Control.CMD_BUF_EN, was) != runs(Control.CMD_BUF_EN, now)) {
            commands.run(runs(Control.CMD_BUF_EN, now));
        }
    }

    private static boolean runs(BitField enable, long control) {
        return Control.IOMMU_EN.isSet(control) && enable.isSet(control);
    }
}
