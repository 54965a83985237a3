// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

/** A bundle of the run was stopped, updated or uninstalled while it ran. */
public final class WithdrawnException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Makes one with what was thrown, or null. */
    public WithdrawnException(String why, Throwable cause) {
        super(why, cause);
    }
}
