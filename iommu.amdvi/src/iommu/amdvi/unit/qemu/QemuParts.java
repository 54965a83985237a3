// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.unit.commands.Commands;
import iommu.amdvi.unit.commands.Invalidation;
import iommu.amdvi.unit.settings.UnitSettings;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import java.util.function.Consumer;

/** What a unit that does as QEMU's is made of, beside or instead of the manual's parts. */
public final class QemuParts {

    /** What a register reads as when it is asked for one byte. */
    public static final int BYTE = 0xff;

    private final UnitSettings settings;
    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final Runnable interrupt;
    private final QemuTlb tlb;
    private final QemuEventLog log;
    private final QemuTranslator translator;

    /** @param interrupt sends the unit's interrupt */
    public QemuParts(UnitSettings settings, RegisterFile registers, PhysicalMemory memory,
            Runnable interrupt) {
        this.settings = settings;
        this.registers = registers;
        this.memory = memory;
        this.interrupt = interrupt;
        tlb = new QemuTlb(settings.qemuVersion());
        log = settings.qemuVersion() < QemuTranslator.NEWEST ? null
                : new QemuEventLog(registers, memory, interrupt);
        translator = new QemuTranslator(registers, memory, tlb, log, settings.qemuRemaps(),
                new QemuInterrupts(registers, memory, settings.qemuMessages(), log != null));
    }

    /** Returns the order that all requests take. */
    public QemuTranslator translator() {
        return translator;
    }

    /** Makes what fetches commands. */
    public Commands commands(Invalidation others, Consumer<String> told) {
        return new QemuCommands(settings.qemuVersion(), registers, memory, tlb, translator, log,
                others, told, interrupt);
    }

    /** Returns whether anything was logged since this was last asked. */
    public boolean hasLogged() {
        return log != null && log.wrote();
    }

    /** Writes one byte: QEMU changes nothing, but does what a write of the register sets off. */
    public void writeByte(int offset) {
        if (offset / Long.BYTES * Long.BYTES != AmdViRegisters.STATUS.offset()) {
            registers.write(offset, 1, registers.read(offset, 1));
        }
    }
}
