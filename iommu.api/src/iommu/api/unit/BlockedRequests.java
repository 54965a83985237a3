// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.pcie.CompletionStatus;

/**
 * What the root complex does with requests that a unit blocked: manuals leave it to the platform.
 *
 * <p>Source: VT-d, "Non-Recoverable Address Translation Faults" (reads are completed with an
 * error, writes dropped); 48882, "IO_PAGE_FAULT" (target abort).
 *
 * @param readStatus how a blocked read is completed; not SUCCESS
 * @param writeReport who hears of a blocked posted write, which has no completion
 */
public record BlockedRequests(CompletionStatus readStatus, WriteReport writeReport) {

    /** Reads are not supported, of writes nobody hears. */
    public static final BlockedRequests QUIET = new BlockedRequests(
            CompletionStatus.UNSUPPORTED_REQUEST, WriteReport.NONE);

    /** Who hears of a blocked posted write. */
    public enum WriteReport {
        /** Nobody: it is dropped. */
        NONE,
        /** The root port above the requester, as of an unsupported request: by its own gates. */
        PORT_AER,
        /** Firmware, which makes it a fatal error record and ends the kernel. */
        FIRMWARE_FIRST
    }

    /**
     * Reads both from settings.
     *
     * @param readAborts 0 for UR, 1 for CA, 2 for no completion at all
     * @param report number of the {@link WriteReport}
     */
    public static BlockedRequests of(long readAborts, long report) {
        return new BlockedRequests(readAborts == 0 ? CompletionStatus.UNSUPPORTED_REQUEST
                : readAborts == 1 ? CompletionStatus.COMPLETER_ABORT
                : CompletionStatus.COMPLETION_TIMEOUT, WriteReport.values()[(int) report]);
    }
}
