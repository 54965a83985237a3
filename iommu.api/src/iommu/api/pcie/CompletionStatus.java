// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * How a request ended. A posted write has no completion: what a device sees of a failed one is
 * {@link #SUCCESS}, the status kept here is the root complex's.
 *
 * <p>Source: PCI Express Base Specification, "Completion Rules".
 */
public enum CompletionStatus {
    /** Done. */
    SUCCESS,
    /** Nobody claims the address, or a gate on the way is closed (UR). */
    UNSUPPORTED_REQUEST,
    /** The completer gave up (CA). */
    COMPLETER_ABORT,
    /** A configuration request came too early after a reset (RRS, before revision 6.0 CRS). */
    REQUEST_RETRY,
    /** No completion came within the time that the requester waits. */
    COMPLETION_TIMEOUT
}
