// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.registers;

import iommu.amdvi.Control;
import iommu.amdvi.Status;
import iommu.api.bits.BitField;

/**
 * The buffers that run while IommuEn and their own enable are set, and what shows that they do.
 *
 * <p>Source: 48882, "IOMMU Control Register", "IOMMU Status Register".
 */
public enum Running {
    /** The event log. */
    EVENTS(Control.EVENT_LOG_EN, Status.EVENT_LOG_RUN),
    /** The command buffer. */
    COMMANDS(Control.CMD_BUF_EN, Status.CMD_BUF_RUN),
    /** The log of page requests; no device makes one here, so that it stays empty. */
    PAGE_REQUESTS(Control.PPR_LOG_EN, Status.PPR_LOG_RUN),
    /** The log of guests' interrupts; it stays empty. */
    GUEST_INTERRUPTS(Control.GA_LOG_EN, Status.GA_LOG_RUN);

    private final BitField enable;
    private final BitField status;

    Running(BitField enable, BitField status) {
        this.enable = enable;
        this.status = status;
    }

    /** Returns the bit of the status register that shows it. */
    public BitField status() {
        return status;
    }

    /** Returns whether it is to run under a value of the control register. */
    public boolean runs(long control) {
        return Control.IOMMU_EN.isSet(control) && enable.isSet(control);
    }
}
