// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicLayout.ICR_LSC;
import static devices.pcie.e1000e.NicLayout.ICR_MDAC;
import static devices.pcie.e1000e.NicLayout.MDIC;
import static devices.pcie.e1000e.NicLayout.MDIC_DATA;
import static devices.pcie.e1000e.NicLayout.MDIC_ERROR;
import static devices.pcie.e1000e.NicLayout.MDIC_INTERRUPT;
import static devices.pcie.e1000e.NicLayout.MDIC_OP;
import static devices.pcie.e1000e.NicLayout.MDIC_PHY;
import static devices.pcie.e1000e.NicLayout.MDIC_READY;
import static devices.pcie.e1000e.NicLayout.MDIC_REGISTER;

/**
 * The way from the controller to its PHY. An access is done at once. Negotiation takes half a
 * second, as emulators have it; on copper it takes two to three. One thread.
 *
 * <p>Source: 82574 datasheet, "MDI Control Register - MDIC".
 */
final class Management {

    private static final long NEGOTIATION_NANOS = 500_000_000;
    private static final int WRITE = 1;
    private static final int READ = 2;

    private final NicCore core;
    private final Phy phy;
    private Runnable negotiated;

    Management(NicCore core, Phy phy) {
        this.core = core;
        this.phy = phy;
        reset();
    }

    /** Follows a reset of the controller, which the PHY does not see. */
    void reset() {
        negotiated = core.whileLive(this::negotiated);
        if (!phy.hasLink()) {
            core.context().schedule(NEGOTIATION_NANOS, negotiated);
        }
    }

    void resetPhy() {
        phy.reset();
    }

    boolean hasLink() {
        return phy.hasLink();
    }

    boolean loopsBack() {
        return phy.loopsBack();
    }

    /** Follows a write to MDIC. */
    void access(long written) {
        int register = (int) MDIC_REGISTER.of(written);
        int operation = (int) MDIC_OP.of(written);
        boolean there = MDIC_PHY.of(written) == Phy.ADDRESS && phy.has(register);
        long answer = written & ~MDIC_READY.mask() & ~MDIC_ERROR.mask();
        if (!there) {
            answer |= MDIC_ERROR.mask();
        } else if (operation == READ) {
            answer = MDIC_DATA.with(answer, phy.read(register));
        } else if (operation == WRITE && phy.write(register, (int) MDIC_DATA.of(written))) {
            core.causes().raise(ICR_LSC.mask());
            core.context().schedule(NEGOTIATION_NANOS, negotiated);
        }
        core.registers().set(MDIC, answer | MDIC_READY.mask());
        if (MDIC_INTERRUPT.isSet(written)) {
            core.causes().raise(ICR_MDAC.mask());
        }
    }

    private void negotiated() {
        if (!phy.hasLink()) {
            phy.negotiated();
            core.causes().raise(ICR_LSC.mask());
        }
    }
}
