// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.HexFormat;
import java.util.List;

/**
 * Writes functions as {@code lspci -D -n -xxxx} prints them, so that {@code lspci -F} and {@link
 * LspciDump} read every byte back.
 *
 * <p>Source: lspci(8), "-F" and "-xxxx".
 */
public final class LspciWriter {

    private static final int BYTES_PER_LINE = 16;
    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    private LspciWriter() { }

    /** Returns the text. */
    public static String write(List<FunctionConfig> functions) {
        StringBuilder text = new StringBuilder();
        for (FunctionConfig function : functions) {
            text.append(RequesterId.format(function.requesterId())).append(String.format(
                    " %04x: %04x:%04x", function.classCode() >>> 8, function.u16(0),
                    function.u16(2))).append('\n');
            byte[] config = function.config();
            for (int at = 0; at < config.length; at += BYTES_PER_LINE) {
                text.append(String.format("%02x: ", at))
                        .append(HEX.formatHex(config, at, at + BYTES_PER_LINE)).append('\n');
            }
            text.append('\n');
        }
        return text.toString();
    }
}
