// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

/** What {@code --load} names cannot be loaded; the message says in one line what and why. */
final class BadLoadException extends Exception {

    private static final long serialVersionUID = 1L;

    BadLoadException(String message) {
        super(message);
    }
}
