// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * An error that left the fabric as a system error, and what let it out.
 *
 * <p>Source: PCI Express Base Specification, "Error Messages", "Root Control Register".
 *
 * @param kind of error, as AER names it in words, such as "unsupported request"
 * @param severity "correctable", "non-fatal" or "fatal"
 * @param gates the enables that were all set on the way, in words; closing any one had stopped it
 */
public record SystemError(String kind, String severity, String gates) {

    /** What firmware makes of a write that a unit blocked, where it hears of it first. */
    public static final SystemError FIRMWARE_FIRST = new SystemError("blocked write", "fatal",
            "firmware first: error record (CPER) of a blocked write");
}
