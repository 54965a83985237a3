// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

/**
 * Something in a table that its specification forbids or a kernel stumbles over.
 *
 * @param offset in the file
 * @param field structure and field
 * @param message what is wrong
 */
public record Finding(int offset, String field, String message) {

    /** Returns it in one line. */
    @Override
    public String toString() {
        return "0x" + Integer.toHexString(offset) + ": " + field + ": " + message;
    }
}
