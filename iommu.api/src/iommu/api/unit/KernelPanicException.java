// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * A kernel of the machine panics: an outcome of the run, not a fault of whoever throws it. The
 * message is the sentence that it dies with.
 */
public final class KernelPanicException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** Makes one. */
    public KernelPanicException(String message) {
        super(message);
    }
}
