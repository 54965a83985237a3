// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * A kernel cannot make memory reachable for a function, and its driver fails over it: an outcome of
 * the run, not a fault of whoever throws it. The message says why, in the kernel's words.
 */
public final class DmaMappingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Makes one. */
    public DmaMappingException(String message) {
        super(message);
    }
}
