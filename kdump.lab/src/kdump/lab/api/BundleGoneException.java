// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

/**
 * A bundle that a command needs was stopped, updated or uninstalled while it ran. Nothing is wrong
 * with what was asked for; the message is one line for the user and names the bundle.
 */
public final class BundleGoneException extends LabException {

    private static final long serialVersionUID = 1L;

    /** Makes one with what was thrown, or null. */
    public BundleGoneException(String message, Throwable cause) {
        super(message, cause);
    }
}
