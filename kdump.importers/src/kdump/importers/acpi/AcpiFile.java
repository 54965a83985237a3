// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.SmallFile;
import kdump.importers.bytes.TextFile;

/**
 * One firmware table out of a file, whatever its form: bytes, or a listing of acpidump, xxd,
 * hexdump or iasl.
 *
 * @param name of the file, and where in it, for messages
 * @param signature four letters
 * @param bytes not copied, not to be changed
 */
public record AcpiFile(String name, String signature, byte[] bytes) {

    private static final int SIGNATURE_BYTES = 4;
    private static final int HEADER_BYTES = 36;

    /**
     * Returns the first table of a signature.
     *
     * @param files looked into in this order
     * @return null if none has it
     */
    public static AcpiFile first(List<Path> files, String signature) throws IOException {
        for (Path file : files) {
            List<AcpiFile> tables = tables(file, List.of(signature));
            if (!tables.isEmpty()) {
                return tables.get(0);
            }
            byte[] bytes = SmallFile.read(file, AcpiListing.MAX_BYTES);
            if (isBinary(bytes)) {
                return new AcpiFile(file.toString(), signature, bytes);
            }
        }
        return null;
    }

    /** Whatever a file of that name holds instead, its reader says. */
    private static boolean isBinary(byte[] bytes) {
        for (int i = 0; i < Math.min(bytes.length, HEADER_BYTES); i++) {
            if (bytes[i] == 0) {
                return true;
            }
        }
        return false;
    }

    /** Returns the tables of some signatures in a file, in its order. */
    static List<AcpiFile> tables(Path file, List<String> signatures) throws IOException {
        byte[] bytes = SmallFile.read(file, AcpiListing.MAX_BYTES);
        String signature = new String(bytes, 0, Math.min(SIGNATURE_BYTES, bytes.length),
                StandardCharsets.ISO_8859_1);
        if (signatures.contains(signature) && !isListing(bytes)) {
            return List.of(new AcpiFile(file.toString(), signature, bytes));
        }
        List<AcpiFile> tables = new ArrayList<>();
        for (AcpiListing.Table listed : AcpiListing
                .read(TextFile.of(file.toString(), bytes), signatures).tables()) {
            tables.add(new AcpiFile(file + ", table at line " + listed.line(),
                    listed.signature(), listed.bytes()));
        }
        return tables;
    }

    /** A listing may begin with the signature too: "DMAR @ 0x". */
    private static boolean isListing(byte[] bytes) {
        return bytes.length > SIGNATURE_BYTES && bytes[SIGNATURE_BYTES] == ' '
                && bytes[SIGNATURE_BYTES + 1] == '@';
    }
}
