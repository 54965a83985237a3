// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

/** A command has thrown its cause: unlike what goes wrong before it, a bug of ours. */
final class FailedCommandException extends Exception {

    private static final long serialVersionUID = 1L;

    FailedCommandException(Throwable cause) {
        super(cause);
    }
}
