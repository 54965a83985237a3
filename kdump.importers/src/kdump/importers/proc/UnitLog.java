// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * What the kernel's log says of a VT-d unit when it finds it: the line "DMAR: dmar0: reg_base_addr
 * ... ver ... cap ... ecap ...".
 *
 * @param base physical address of the registers
 * @param version register VER
 * @param capabilities register CAP
 * @param extendedCapabilities register ECAP
 */
public record UnitLog(long base, int version, long capabilities, long extendedCapabilities) {

    /** Most bytes of a log: what the largest log buffers of kernels hold. */
    public static final int MAX_BYTES = 32 << 20;

    private static final Pattern LINE = Pattern.compile(".*DMAR: \\S{1,16}: reg_base_addr"
            + " ([0-9a-f]{1,15}) ver ([0-9a-f]):([0-9a-f]) cap ([0-9a-f]{1,16})"
            + " ecap ([0-9a-f]{1,16})\\s*");

    /** Returns the units of a log, in its order; a log without such lines is none of ours. */
    public static List<UnitLog> read(TextFile text) {
        List<UnitLog> units = new ArrayList<>();
        for (String line : text.lines()) {
            Matcher m = LINE.matcher(line);
            if (line.contains("reg_base_addr") && m.matches()) {
                int version = Integer.parseInt(m.group(2), 16) << 4
                        | Integer.parseInt(m.group(3), 16);
                units.add(new UnitLog(Long.parseLong(m.group(1), 16), version,
                        Long.parseUnsignedLong(m.group(4), 16),
                        Long.parseUnsignedLong(m.group(5), 16)));
            }
        }
        return units;
    }
}
