// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FirmwareTable.Finding;
import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import java.util.ArrayList;
import java.util.List;

/** Checks DMAR and IVRS tables for mistakes that firmware is known to make. */
public final class TableLint {

    private TableLint() { }

    /**
     * Checks a DMAR table.
     *
     * @param file name for messages
     * @param functions of the machine; empty if unknown
     * @return what is wrong, by offset
     * @throws FormatException if the table falls apart: a length is wrong
     */
    public static List<Finding> dmar(String file, byte[] bytes, List<FunctionConfig> functions)
            throws FormatException {
        DmarTable table = DmarTable.parse(file, bytes);
        List<Finding> findings = header(table.header(), bytes);
        new DmarLint(table, functions, findings).check();
        return sorted(findings);
    }

    /**
     * Checks an IVRS table.
     *
     * @param file name for messages
     * @return what is wrong, by offset
     * @throws FormatException if the table falls apart: a length is wrong
     */
    public static List<Finding> ivrs(String file, byte[] bytes) throws FormatException {
        IvrsTable table = IvrsTable.parse(file, bytes);
        List<Finding> findings = header(table.header(), bytes);
        new IvrsLint(table, findings).check();
        return sorted(findings);
    }

    private static List<Finding> header(AcpiHeader header, byte[] bytes) {
        List<Finding> findings = new ArrayList<>();
        int checksum = AcpiHeader.checksumOf(bytes);
        if (checksum != header.checksum()) {
            findings.add(new Finding(9, header.signature() + ".checksum", "is 0x"
                    + Integer.toHexString(header.checksum()) + ", the bytes make 0x"
                    + Integer.toHexString(checksum)));
        }
        if (header.revision() == 0) {
            findings.add(new Finding(8, header.signature() + ".revision", "is 0"));
        }
        return findings;
    }

    private static List<Finding> sorted(List<Finding> findings) {
        findings.sort(java.util.Comparator.comparingInt(Finding::offset));
        return List.copyOf(findings);
    }
}
