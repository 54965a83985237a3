// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/** A unit's driver cannot do what it was asked to; the message says why, in the kernel's words. */
public final class StepRefusedException extends Exception {

    private static final long serialVersionUID = 1L;

    /** Makes one; {@code reason} is a sentence for the verdict. */
    public StepRefusedException(String reason) {
        super(reason);
    }
}
