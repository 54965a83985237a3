// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;

/**
 * Fields of the status register. Those of the guest APIC log are numbered as Linux has them; other
 * sources order them otherwise. Source: 48882, "IOMMU Status Register".
 */
public final class Status {

    /** EventOverflow: an event was lost, logging has stopped. RW1C. */
    public static final BitField EVENT_OVERFLOW = bit(0);
    /** EventLogInt: an event was logged. RW1C. */
    public static final BitField EVENT_LOG_INT = bit(1);
    /** ComWaitInt: a COMPLETION_WAIT that asks for an interrupt was completed. RW1C. */
    public static final BitField COM_WAIT_INT = bit(2);
    /** EventLogRun. RO. */
    public static final BitField EVENT_LOG_RUN = bit(3);
    /** CmdBufRun: commands are fetched; stops at a bad one. RO. */
    public static final BitField CMD_BUF_RUN = bit(4);
    /** PprOverflow. RW1C. */
    public static final BitField PPR_OVERFLOW = bit(5);
    /** PprInt. RW1C. */
    public static final BitField PPR_INT = bit(6);
    /** PprLogRun. RO. */
    public static final BitField PPR_LOG_RUN = bit(7);
    /** GALogRun. RO. */
    public static final BitField GA_LOG_RUN = bit(8);
    /** GALogOverflow. RW1C. */
    public static final BitField GA_LOG_OVERFLOW = bit(9);
    /** GALogInt. RW1C. */
    public static final BitField GA_LOG_INT = bit(10);

    private Status() { }
}
