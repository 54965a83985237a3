// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FirmwareTable;
import iommu.api.machine.FirmwareTableReader;
import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.FunctionConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import kdump.importers.FolderWalk;
import kdump.importers.bytes.TextFile;
import kdump.importers.lspci.LspciDump;
import kdump.importers.proc.Iomem;
import org.osgi.service.component.annotations.Component;

/**
 * Reads DMAR and IVRS tables: as bytes, as acpidump, xxd, hexdump -C and iasl print them, or out of
 * a directory such as a capture or /sys/firmware/acpi/tables. An lspci dump in the same directory
 * tells the check which functions there are.
 */
@Component
public final class AcpiTables implements FirmwareTableReader {

    private static final List<String> SIGNATURES = List.of("DMAR", "IVRS");
    private static final Pattern NAMES = Pattern.compile(
            "(?i)(dmar|ivrs)\\d*(\\.(aml|dat|bin|dsl))?|acpidump.*");
    private static final String FUNCTIONS = "lspci-vvv-xxxx.txt";
    /** Deepest folder searched, and most files looked at, as for captures. */
    private static final int MAX_DEPTH = 6;
    private static final int MAX_FILES = 10_000;

    @Override
    public List<FirmwareTable> read(Path source) throws IOException {
        if (!Files.isDirectory(source)) {
            return file(source, List.of(), null);
        }
        List<Path> files = FolderWalk.files(source, MAX_DEPTH, MAX_FILES, f -> true);
        List<FunctionConfig> functions = List.of();
        for (Path file : files) {
            if (functions.isEmpty() && file.endsWith(FUNCTIONS)) {
                TextFile text = TextFile.read(file, LspciDump.MAX_BYTES);
                functions = LspciDump.hasBytes(text) ? LspciDump.read(text).functions()
                        : List.of();
            }
        }
        List<AddressRange> reserved = reserved(files);
        List<FirmwareTable> tables = new ArrayList<>();
        for (Path file : files) {
            if (NAMES.matcher(file.getFileName().toString()).matches()) {
                for (FirmwareTable table : file(file, functions, reserved)) {
                    // two kernels of one machine saw the same table
                    if (tables.stream().noneMatch(t -> t.fields().equals(table.fields()))) {
                        tables.add(table);
                    }
                }
            }
        }
        return tables;
    }

    /** Returns what the memory map of the same machine reserves; null if there is none. */
    private static List<AddressRange> reserved(List<Path> files) throws IOException {
        for (Path file : files) {
            if (file.endsWith("iomem")) {
                TextFile text = TextFile.read(file, Iomem.MAX_BYTES);
                return Iomem.isHidden(text) ? null : Iomem.reserved(text);
            }
        }
        return null;
    }

    private static List<FirmwareTable> file(Path file, List<FunctionConfig> functions,
            List<AddressRange> reserved) throws IOException {
        List<FirmwareTable> tables = new ArrayList<>();
        for (AcpiFile table : AcpiFile.tables(file, SIGNATURES)) {
            tables.add(table(table.name(), table.signature(), table.bytes(), functions, reserved));
        }
        return tables;
    }

    private static FirmwareTable table(String file, String signature, byte[] bytes,
            List<FunctionConfig> functions, List<AddressRange> reserved)
            throws FormatException {
        List<FirmwareTable.Field> fields = new ArrayList<>();
        TableWriter printer = new TableWriter() {
            @Override
            void field(String name, int count, String value, String meaning) {
                fields.add(new FirmwareTable.Field(at(), count, name, value, meaning));
            }
        };
        if (signature.equals("DMAR")) {
            DmarTable table = DmarTable.parse(file, bytes);
            table.write(printer);
            return new FirmwareTable(file, signature, fields, DmarLog.of(table, reserved),
                    TableLint.dmar(file, bytes, functions));
        }
        IvrsTable table = IvrsTable.parse(file, bytes);
        table.write(printer);
        return new FirmwareTable(file, signature, fields, IvrsLog.of(table),
                TableLint.ivrs(file, bytes));
    }
}
