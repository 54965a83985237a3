// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

/** A policy went away, or broke, while it was being run. */
final class WithdrawnException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    WithdrawnException(String why, Throwable cause) {
        super(why, cause);
    }
}
