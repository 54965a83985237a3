// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import kdump.importers.bytes.ByteFacts;

/**
 * The header that all ACPI tables begin with. Source: ACPI, "System Description Table Header".
 *
 * @param signature four characters
 * @param length of the whole table, in bytes
 * @param revision of the table's layout
 * @param checksum makes the sum of all bytes zero
 * @param oemId six characters
 * @param oemTableId eight characters
 * @param oemRevision as its maker counts
 * @param creatorId four characters
 * @param creatorRevision of the tool
 */
public record AcpiHeader(String signature, long length, int revision, int checksum, String oemId,
        String oemTableId, long oemRevision, String creatorId, long creatorRevision) {

    /** Bytes of the header. */
    public static final int BYTES = 36;

    /** Reads the header of a table that must have this signature and the file's length. */
    static AcpiHeader read(ByteFacts table, String signature) throws FormatException {
        String found = table.text(0, 4, signature + ".signature");
        if (!found.equals(signature)) {
            throw table.wrong(0, signature + ".signature", table.u32(0, "signature"),
                    "the letters " + signature);
        }
        long length = table.u32(4, signature + ".length");
        if (length != table.size()) {
            throw table.wrong(4, signature + ".length", length,
                    "0x" + Integer.toHexString(table.size()) + ", the size of the file");
        }
        return new AcpiHeader(found, length, table.u8(8, signature + ".revision"),
                table.u8(9, signature + ".checksum"), table.text(10, 6, signature + ".oemId"),
                table.text(16, 8, signature + ".oemTableId"),
                table.u32(24, signature + ".oemRevision"),
                table.text(28, 4, signature + ".creatorId"),
                table.u32(32, signature + ".creatorRevision"));
    }

    void write(TableWriter out) {
        out.text("Signature", signature).u32("Table Length", length).u8("Revision", revision)
                .u8("Checksum", checksum).text("Oem ID", oemId).text("Oem Table ID", oemTableId)
                .u32("Oem Revision", oemRevision).text("Asl Compiler ID", creatorId)
                .u32("Asl Compiler Revision", creatorRevision);
    }

    /** Returns the checksum that a table with these bytes should have. */
    static int checksumOf(byte[] table) {
        int sum = 0;
        for (byte b : table) {
            sum += b;
        }
        return table[9] - sum & 0xff;
    }
}
