// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import java.util.List;

/**
 * A table in which firmware describes the remapping units, taken apart for people. Immutable.
 *
 * @param source file that it was read from
 * @param signature four letters, such as "DMAR"
 * @param fields every field, in the order of the table
 * @param kernelLog what a Linux kernel prints while it reads the table, a line each
 * @param findings what is wrong with it, by offset
 */
public record FirmwareTable(String source, String signature, List<Field> fields,
        List<String> kernelLog, List<Finding> findings) {

    /** Copies the lists. */
    public FirmwareTable {
        fields = List.copyOf(fields);
        kernelLog = List.copyOf(kernelLog);
        findings = List.copyOf(findings);
    }

    /**
     * One field.
     *
     * @param offset from the begin of the table, in bytes
     * @param bytes that it takes
     * @param name as iasl has it
     * @param value digits of a number in hex without prefix, bytes in hex, or text in quotes
     * @param meaning in words; empty if there is nothing to say
     */
    public record Field(int offset, int bytes, String name, String value, String meaning) { }

    /**
     * Something that the specification forbids or a kernel stumbles over.
     *
     * @param offset from the begin of the table, in bytes
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
}
