// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicLayout.CTRL_EXT;
import static devices.pcie.e1000e.NicLayout.CTRL_EXT_EIAME;
import static devices.pcie.e1000e.NicLayout.CTRL_EXT_IAME;
import static devices.pcie.e1000e.NicLayout.EIAC;
import static devices.pcie.e1000e.NicLayout.IAM;
import static devices.pcie.e1000e.NicLayout.ICR;
import static devices.pcie.e1000e.NicLayout.ICR_INT_ASSERTED;
import static devices.pcie.e1000e.NicLayout.ICR_LSC;
import static devices.pcie.e1000e.NicLayout.ICR_MDAC;
import static devices.pcie.e1000e.NicLayout.ICR_OTHER;
import static devices.pcie.e1000e.NicLayout.ICR_RXO;
import static devices.pcie.e1000e.NicLayout.ICR_RXQ0;
import static devices.pcie.e1000e.NicLayout.ICR_TXQ0;
import static devices.pcie.e1000e.NicLayout.IMS;
import static devices.pcie.e1000e.NicLayout.INTERVAL;
import static devices.pcie.e1000e.NicLayout.ITR;
import static devices.pcie.e1000e.NicLayout.IVAR;
import static devices.pcie.e1000e.NicLayout.IVAR_BITS;
import static devices.pcie.e1000e.NicLayout.IVAR_ENTRY;
import static devices.pcie.e1000e.NicLayout.IVAR_VALID;
import static devices.pcie.e1000e.NicLayout.VECTORS;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;

/**
 * Interrupt causes, their mask, and how they become messages or the pin: one for all by MSI and by
 * the pin, one a queue and one for the rest by MSI-X, not more often than throttling allows. One
 * thread.
 *
 * <p>Source: 82574 datasheet, "Interrupts", "Interrupt Cause Read Register - ICR"; the reading of
 * ICR clears all if nothing is enabled, or if an interrupt is asserted, and else nothing. That of
 * an 82540EM always clears.
 */
final class InterruptCauses {

    private static final long OTHER_CAUSES = ICR_LSC.mask() | ICR_RXO.mask() | ICR_MDAC.mask();
    private static final long QUEUE_CAUSES = ICR_RXQ0.mask() | ICR_TXQ0.mask();
    private static final long INTERVAL_NANOS = 256;
    private static final int CAUSES = 5;
    private static final Register[] EITR = new Register[VECTORS];

    static {
        for (int i = 0; i < VECTORS; i++) {
            EITR[i] = NicLayout.eitr(i);
        }
    }

    private final DeviceContext context;
    private final RegisterFile registers;
    private final boolean express;
    private final Interrupts interrupts;
    private final long[] nextAt = new long[VECTORS];
    private final boolean[] postponed = new boolean[VECTORS];
    private final Runnable[] later = new Runnable[VECTORS];
    private int generation;

    InterruptCauses(DeviceContext context, RegisterFile registers, Chip chip) {
        this.context = context;
        this.registers = registers;
        express = chip.isExpress();
        interrupts = context.interrupts();
        arm();
    }

    private void arm() {
        int mine = ++generation;
        for (int i = 0; i < VECTORS; i++) {
            int vector = i;
            postponed[i] = false;
            nextAt[i] = 0;
            later[i] = () -> {
                if (mine == generation) {
                    due(vector);
                }
            };
        }
    }

    /** Follows a reset: nothing is pending. */
    void reset() {
        arm();
        interrupts.lower();
    }

    private boolean byTable() {
        return express && interrupts.vectors() > 1;
    }

    /** Sets causes; those of queues, and that of the rest, are for messages by the table alone. */
    void raise(long causes) {
        set(byTable() ? causes : causes & ~QUEUE_CAUSES);
    }

    /** Sets causes as the driver asks. */
    void set(long causes) {
        long other = byTable() && (causes & OTHER_CAUSES) != 0 ? ICR_OTHER.mask() : 0;
        registers.set(ICR, registers.get(ICR) | causes | other);
        tell(causes | other);
    }

    /** Enables causes; what is pending is told. */
    void enable(long causes) {
        registers.set(IMS, registers.get(IMS) | causes);
        tell(causes);
    }

    /** Disables causes. */
    void disable(long causes) {
        registers.set(IMS, registers.get(IMS) & ~causes);
        settle();
    }

    /** Follows a write of ones to ICR. */
    void cleared() {
        if (express && CTRL_EXT_IAME.isSet(registers.get(CTRL_EXT))) {
            registers.set(IMS, registers.get(IMS) & ~registers.get(IAM));
        }
        settle();
    }

    /** Returns what ICR reads, and does what reading it does. */
    int read() {
        long causes = registers.get(ICR);
        long enabled = registers.get(IMS);
        boolean asserted = (causes & enabled) != 0 && !byTable();
        if (!express) {
            registers.set(ICR, 0);
            settle();
            return (int) causes;
        }
        if (asserted && CTRL_EXT_IAME.isSet(registers.get(CTRL_EXT))) {
            registers.set(IMS, enabled & ~registers.get(IAM));
        }
        if (enabled == 0 || asserted) {
            registers.set(ICR, 0);
            settle();
        }
        return (int) (causes | (asserted ? ICR_INT_ASSERTED.mask() : 0));
    }

    private void settle() {
        if (!byTable() && (registers.get(ICR) & registers.get(IMS)) == 0) {
            interrupts.lower();
        }
    }

    private void tell(long causes) {
        long pending = registers.get(ICR) & registers.get(IMS);
        if ((pending & causes) == 0) {
            return;
        }
        if (!byTable()) {
            throttle(0, registers.get(ITR));
            return;
        }
        for (int i = 0; i < CAUSES; i++) {
            long cause = ICR_RXQ0.mask() << i;
            long entry = registers.get(IVAR) >>> IVAR_BITS * i;
            if ((pending & causes & cause) != 0 && IVAR_VALID.isSet(entry)) {
                int vector = (int) IVAR_ENTRY.of(entry);
                if (vector < VECTORS) {
                    throttle(vector, registers.get(EITR[vector]));
                }
                acknowledge(cause);
            }
        }
    }

    /** A message by the table clears causes and mask bits that ask for it. */
    private void acknowledge(long cause) {
        long control = registers.get(CTRL_EXT);
        if (CTRL_EXT_EIAME.isSet(control)) {
            registers.set(IMS, registers.get(IMS) & ~registers.get(IAM));
        }
        long automatic = registers.get(EIAC) & cause;
        registers.set(ICR, registers.get(ICR) & ~automatic);
        if (!CTRL_EXT_IAME.isSet(control)) {
            registers.set(IMS, registers.get(IMS) & ~automatic);
        }
    }

    private void throttle(int vector, long interval) {
        if (postponed[vector]) {
            return;
        }
        long now = context.nanos();
        if (now < nextAt[vector]) {
            postponed[vector] = true;
            context.schedule(nextAt[vector] - now, later[vector]);
            return;
        }
        nextAt[vector] = now + INTERVAL.of(interval) * INTERVAL_NANOS;
        interrupts.raise(vector);
    }

    private void due(int vector) {
        postponed[vector] = false;
        boolean table = byTable();
        if (table || (registers.get(ICR) & registers.get(IMS)) != 0) {
            throttle(vector, registers.get(table ? EITR[vector] : ITR));
        }
    }
}
