// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

/** The command line is not one that the command takes; the message is one line. */
final class UsageException extends Exception {

    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
