// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import iommu.api.machine.FormatException;
import kdump.importers.bytes.TextFile;

/** The text of /proc/cmdline. */
public final class CommandLine {

    /** Most bytes: a boot loader passes at most 4 KiB, boot config adds 32 KiB. */
    public static final int MAX_BYTES = 1 << 16;

    private CommandLine() { }

    /** Returns the one line, without spaces around it. */
    public static String read(TextFile text) throws FormatException {
        String line = text.lines().get(0).strip();
        for (int i = 1; i < text.lines().size(); i++) {
            if (!text.lines().get(i).isBlank()) {
                throw text.wrong(i, "command line", text.lines().get(i), "a single line");
            }
        }
        for (int i = 0; i < line.length(); i++) {
            if (Character.isISOControl(line.charAt(i)) && line.charAt(i) != '\t') {
                throw text.wrong(0, "command line", "control character at column " + (i + 1),
                        "printable text");
            }
        }
        return line;
    }
}
