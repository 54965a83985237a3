// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

/** The user asked for something that cannot be done; the message is one line for the user. */
public class LabException extends Exception {

    private static final long serialVersionUID = 1L;

    /** Makes one. */
    public LabException(String message) {
        super(message);
    }

    /** Makes one with its cause. */
    public LabException(String message, Throwable cause) {
        super(message, cause);
    }
}
