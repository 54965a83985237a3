// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

/**
 * A bundle of the run did what it must not: threw, asked for the impossible, never came back. It is
 * the fault of the bundle and no outcome of the machine; the message names the bundle.
 */
public final class BrokenException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Makes one with what was thrown, or null. */
    public BrokenException(String what, Throwable cause) {
        super(what, cause);
    }
}
