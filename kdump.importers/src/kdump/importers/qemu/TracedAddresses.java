// SPDX-License-Identifier: Apache-2.0
package kdump.importers.qemu;

import iommu.api.pcie.RequesterId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * Which I/O addresses functions used before a crash, by QEMU's trace of what its unit translated.
 * What is no line of such a trace ends it, and so do 256 MiB.
 *
 * <p>Source: QEMU, hw/i386/trace-events, vtd_dmar_translate; "-msg timestamp=on".
 */
final class TracedAddresses {

    private static final Pattern LINE = Pattern.compile("\\d+@(\\d{1,12}\\.\\d{6}):(?:"
            + "vtd_dmar_translate dev ([0-9a-f]{2}):([0-9a-f]{2})\\.([0-9a-f]{2}) iova"
            + " 0x([0-9a-f]{1,16}) .*|.*)");
    private static final int MOST = 4096;
    private static final int LINE_CHARACTERS = 512;
    private static final long MOST_CHARACTERS = 256L << 20;
    private static final int HEX = 16;
    private static final long PAGE = 4096;

    private TracedAddresses() { }

    /**
     * Returns the pages of addresses, by requester id.
     *
     * @param file the trace, gzipped or not
     * @param until seconds of the clock that its lines begin with
     */
    static Map<Integer, Set<Long>> read(Path file, double until) throws IOException {
        var used = new TreeMap<Integer, Set<Long>>();
        try (InputStream in = Files.newInputStream(file);
                InputStream text = file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
                var lines = new BufferedReader(new InputStreamReader(text,
                        StandardCharsets.ISO_8859_1))) {
            long characters = 0;
            for (String line = line(lines); line != null && characters < MOST_CHARACTERS;
                    line = line(lines)) {
                characters += line.length() + 1;
                Matcher m = LINE.matcher(line);
                if (!m.matches() || Double.parseDouble(m.group(1)) >= until) {
                    break;
                }
                if (m.group(2) != null) {
                    int requester = RequesterId.of(0, Integer.parseInt(m.group(2), HEX),
                            Integer.parseInt(m.group(3), HEX) & 0x1f,
                            Integer.parseInt(m.group(4), HEX) & 7);
                    Set<Long> pages = used.computeIfAbsent(requester, r -> new TreeSet<>());
                    if (pages.size() < MOST) {
                        pages.add(Long.parseUnsignedLong(m.group(5), HEX) & -PAGE);
                    }
                }
            }
        }
        return used;
    }

    /** Returns the next line, null at the end or if it is longer than any of a trace. */
    private static String line(Reader from) throws IOException {
        var line = new StringBuilder();
        int c = from.read();
        boolean there = c >= 0;
        for (; c >= 0 && c != '\n'; c = from.read()) {
            if (line.length() == LINE_CHARACTERS) {
                return null;
            }
            line.append((char) c);
        }
        return there ? line.toString() : null;
    }
}
