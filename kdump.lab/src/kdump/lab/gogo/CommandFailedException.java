// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

/** A command of the lab has failed; what the shell prints of it is its one line. */
final class CommandFailedException extends Exception {

    private static final long serialVersionUID = 1L;

    private final int status;

    CommandFailedException(String line, int status) {
        super(line);
        this.status = status;
    }

    /** Returns the status that {@code ./lab} would have ended with. */
    int status() {
        return status;
    }

    @Override
    public String toString() {
        return getMessage();
    }
}
