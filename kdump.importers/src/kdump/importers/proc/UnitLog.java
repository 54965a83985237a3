// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * What the kernel's log says of a VT-d unit when it finds it: the line "DMAR: dmar0: reg_base_addr
 * ... ver ... cap ... ecap ...". From 3.6 to 4.1 it begins with "dmar: IOMMU 0:", before with
 * "IOMMU 0:"; up to 2.6.32 the address stands in the place of the number.
 *
 * @param base physical address of the registers
 * @param version register VER
 * @param capabilities register CAP
 * @param extendedCapabilities register ECAP
 */
public record UnitLog(long base, int version, long capabilities, long extendedCapabilities) {

    /** Most bytes of a log: what the largest log buffers of kernels hold. */
    public static final int MAX_BYTES = 32 << 20;

    private static final Pattern LINE = Pattern.compile(".{0,200}\\b(?:reg_base_addr|IOMMU)"
            + " ([0-9a-f]{1,15}):? ver ([0-9a-f]):([0-9a-f]) cap ([0-9a-f]{1,16})"
            + " ecap ([0-9a-f]{1,16})\\s*");

    /** Puts version and capabilities where the unit's registers have them. */
    public void putInto(Map<Integer, Integer> words) {
        words.put(0x00, version);
        words.put(0x08, (int) capabilities);
        words.put(0x0c, (int) (capabilities >>> 32));
        words.put(0x10, (int) extendedCapabilities);
        words.put(0x14, (int) (extendedCapabilities >>> 32));
    }

    /** Returns the units of a log, in its order; a log without such lines is none of ours. */
    public static List<UnitLog> read(TextFile text) {
        return of(text.lines());
    }

    /** Returns the units that lines tell of, each once. */
    public static List<UnitLog> of(List<String> lines) {
        Map<Long, UnitLog> units = new LinkedHashMap<>();
        for (String line : lines) {
            if (!line.contains(" ecap ")) {
                continue;
            }
            Matcher m = LINE.matcher(line);
            if (m.matches()) {
                int version = Integer.parseInt(m.group(2), 16) << 4
                        | Integer.parseInt(m.group(3), 16);
                long base = Long.parseLong(m.group(1), 16);
                units.putIfAbsent(base, new UnitLog(base, version,
                        Long.parseUnsignedLong(m.group(4), 16),
                        Long.parseUnsignedLong(m.group(5), 16)));
            }
        }
        return List.copyOf(units.values());
    }
}
