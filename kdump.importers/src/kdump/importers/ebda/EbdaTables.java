// SPDX-License-Identifier: Apache-2.0
package kdump.importers.ebda;

import iommu.api.machine.FirmwareTable.Finding;
import iommu.api.machine.FirmwareTable;
import iommu.api.machine.FirmwareTableReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import kdump.importers.FolderWalk;
import kdump.importers.bytes.SmallFile;
import org.osgi.service.component.annotations.Component;

/**
 * Reads the Rio Grande table out of a dump of the extended BIOS data area (EBDA): the table in
 * which firmware tells where Calgary chips are. A file is one if the chain of blocks in it has that
 * table, or if its name says so and its first byte its length. Stateless.
 *
 * <p>Source: Linux, pci-calgary_64.c, detect_calgary, build_detail_arrays; rio.h.
 */
@Component
public final class EbdaTables implements FirmwareTableReader {

    private static final Pattern NAME = Pattern.compile("(?i).*ebda.*");
    private static final int MAX_BYTES = 128 << 10;
    private static final int MAX_DEPTH = 6;
    private static final int MAX_FILES = 10_000;
    private static final int FIRST_BLOCK = 0x180;
    private static final int BLOCK_ID = 0x4752;
    private static final String SIGNATURE = "EBDA";
    private static final String LOOKS = "Calgary: detecting Calgary via BIOS EBDA area";
    private static final String BAILS =
            "Calgary: Unable to locate Rio Grande table in EBDA - bailing!";

    @Override
    public List<FirmwareTable> read(Path source) throws IOException {
        if (!Files.isDirectory(source)) {
            return file(source);
        }
        List<FirmwareTable> tables = new ArrayList<>();
        for (Path file : FolderWalk.files(source, MAX_DEPTH, MAX_FILES,
                f -> NAME.matcher(f.getFileName().toString()).matches())) {
            tables.addAll(file(file));
        }
        return tables;
    }

    private static List<FirmwareTable> file(Path file) throws IOException {
        if (Files.isRegularFile(file) && Files.size(file) > MAX_BYTES) {
            return List.of();
        }
        byte[] bytes = SmallFile.read(file, MAX_BYTES);
        int header = header(bytes);
        if (header >= 0) {
            return List.of(table(file.toString(), new RioGrande(bytes, header)));
        }
        boolean named = NAME.matcher(file.getFileName().toString()).matches();
        return !named || bytes.length == 0 || bytes.length != (bytes[0] & 0xff) << 10 ? List.of()
                : List.of(new FirmwareTable(file.toString(), SIGNATURE, List.of(),
                        List.of(LOOKS, BAILS), List.of(new Finding(FIRST_BLOCK, "blocks",
                                "none is a Rio Grande table (4752h)"))));
    }

    /** Returns where the table's header lies, behind next offset and id; -1 if there is none. */
    private static int header(byte[] bytes) {
        int before = 0;
        int offset = FIRST_BLOCK;
        while (offset > before && offset + 2 * Short.BYTES <= bytes.length) {
            if (word(bytes, offset + 2) == BLOCK_ID) {
                return offset + 2 * Short.BYTES;
            }
            before = offset;
            offset = word(bytes, offset);
        }
        return -1;
    }

    private static int word(byte[] bytes, int at) {
        return bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8;
    }

    private static FirmwareTable table(String file, RioGrande table) {
        var log = new ArrayList<>(List.of(LOOKS));
        log.addAll(table.kernelLog());
        return new FirmwareTable(file, SIGNATURE, table.fields(), log, table.findings());
    }
}
