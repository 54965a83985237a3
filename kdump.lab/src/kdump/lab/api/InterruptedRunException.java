// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

/** Somebody interrupted the thread that waited for a run; the run has ended. */
public final class InterruptedRunException extends LabException {

    private static final long serialVersionUID = 1L;

    /** Makes one. */
    public InterruptedRunException() {
        super("interrupted");
    }
}
