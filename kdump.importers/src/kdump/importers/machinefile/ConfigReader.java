// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;

/** Reads a config space that is given byte by byte: its size, and rows of bytes by offset. */
final class ConfigReader {

    private static final Set<Long> SIZES = Set.of(64L, 256L, 4096L);
    private static final int LARGEST = 4096;
    private static final String SIZE = "size";

    private final Node node;

    ConfigReader(Node node) {
        this.node = node;
    }

    FunctionConfig read(int id) throws FormatException {
        Node rows = node.required("config");
        Node size = rows.required(SIZE);
        long bytes = size.number(0, LARGEST);
        if (!SIZES.contains(bytes)) {
            throw size.wrong("64, 256 or 4096");
        }
        byte[] config = new byte[(int) bytes];
        for (Node row : rows.members().values()) {
            if (!row.name().equals(SIZE)) {
                row(row, config);
            }
        }
        return new FunctionConfig(id, config);
    }

    private static void row(Node row, byte[] config) throws FormatException {
        int at = (int) row.nameAsNumber(config.length - 1, 1);
        String text = row.string();
        if (!text.matches("[0-9a-fA-F]{2}( [0-9a-fA-F]{2})*")
                || at + (text.length() + 1) / 3 > config.length) {
            throw row.wrong("bytes such as 86 80 10 15, within the size");
        }
        for (int i = 0; i < text.length(); i += 3) {
            config[at++] = (byte) Integer.parseInt(text.substring(i, i + 2), 16);
        }
    }
}
