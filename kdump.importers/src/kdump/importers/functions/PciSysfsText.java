// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.machine.FormatException;
import iommu.api.pcie.RequesterId;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * Reads a listing of sysfs, a line a function: {@code 0000:02:00.0 0x1b36:0x0010 class=0x010802
 * group=10 type=DMA driver=nvme}, or with {@code vendor=0x1b36 device=0x0010}. What else a line
 * says is passed over.
 */
public final class PciSysfsText {

    /** Most bytes: a hundred for each function, and some. */
    public static final int MAX_BYTES = 4 << 20;

    private static final Pattern LINE = Pattern.compile("([0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]"
            + "\\.[0-7])\\s+(.{0,2000})");
    private static final Pattern IDS =
            Pattern.compile("(?:vendor=)?0x([0-9a-f]{4})(?::|\\s+device=)0x([0-9a-f]{4})\\b.*");
    private static final Pattern CLASS = Pattern.compile(".*\\bclass=0x([0-9a-f]{6})\\b.*");
    private static final Pattern DRIVER = Pattern.compile(".*\\bdriver=(\\S{0,64})(?:\\s.*)?");

    private PciSysfsText() { }

    /**
     * Reads a listing into a table.
     *
     * @throws FormatException if a line is no function
     */
    public static void read(TextFile text, FunctionTable table) throws FormatException {
        for (int i = 0; i < text.lines().size(); i++) {
            String line = text.lines().get(i).stripTrailing();
            if (line.isEmpty()) {
                continue;
            }
            Matcher m = LINE.matcher(line);
            Matcher ids = IDS.matcher(m.matches() ? m.group(2) : "");
            Matcher code = CLASS.matcher(line);
            if (!ids.matches() || !code.matches()) {
                throw text.wrong(i, "function", line,
                        "0000:bb:dd.f 0xvvvv:0xdddd class=0xcccccc ... driver=name");
            }
            FunctionFacts facts = table.of(RequesterId.parse(m.group(1)))
                    .ids(hex(ids.group(1)), hex(ids.group(2))).classCode(hex(code.group(1)));
            Matcher driver = DRIVER.matcher(line);
            if (driver.matches()) {
                facts.driver(driver.group(1));
            }
        }
    }

    private static int hex(String digits) {
        return Integer.parseInt(digits, 16);
    }
}
