// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

/** What a line on the console is about: lines are counted by this, never by their words. */
public enum ConsoleLine {
    /** Anything that is none of the others. */
    NOTICE,
    /** Tells one recorded fault. */
    FAULT,
    /** Tells about faults without telling one: a status, an overflow, lines left out. */
    FAULT_STATUS
}
