// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.RequesterId;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * Reads from /proc/interrupts which functions use MSI-X, with how many vectors, and which use MSI:
 * Linux names them since 6.2, as in {@code IR-PCI-MSIX-0000:02:00.0 1-edge}.
 */
public final class InterruptsText {

    /** Most bytes: a line of a machine with thousands of processors has 50 KiB. */
    public static final int MAX_BYTES = 64 << 20;

    private static final Pattern MESSAGE = Pattern.compile("PCI-(MSIX?)-([0-9a-f]{4}:[0-9a-f]{2}:"
            + "[01][0-9a-f]\\.[0-7]) +(\\d{1,4})-edge");

    private InterruptsText() { }

    /** Reads into a table; functions that it does not have are passed over. */
    public static void read(TextFile text, FunctionTable table) {
        for (String line : text.lines()) {
            Matcher m = MESSAGE.matcher(line);
            if (line.contains("PCI-MSI") && m.find()) {
                FunctionFacts facts = table.existing(RequesterId.parse(m.group(2)));
                if (facts != null && m.group(1).equals("MSIX")) {
                    facts.msiX(0, Integer.parseInt(m.group(3)) + 1, true);
                } else if (facts != null) {
                    facts.msi(0);
                }
            }
        }
    }
}
