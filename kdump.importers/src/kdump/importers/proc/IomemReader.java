// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * Reads /proc/iomem into lines that know their parents. The kernel prints a tree, two spaces a
 * level, by address, children within their parents; anything else was edited.
 */
final class IomemReader {

    /** Deepest nesting: the kernel itself stops indenting at level 5. */
    private static final int MAX_DEPTH = 8;

    /** First address that x86-64 has no pins for. */
    private static final long PHYSICAL_ADDRESS_END = 1L << 52;

    private static final Pattern LINE =
            Pattern.compile("( *)([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.*)");
    private static final Pattern ALL_ZERO = Pattern.compile(" *0+-0+ : .*");

    private final TextFile text;
    private final List<IomemLine> lines = new ArrayList<>();
    private final int[] openAtDepth = new int[MAX_DEPTH + 1];
    private final long[] endAtDepth = new long[MAX_DEPTH + 1];
    private int depthBefore = -1;

    IomemReader(TextFile text) {
        this.text = text;
    }

    List<IomemLine> read() throws FormatException {
        if (text.lines().stream().allMatch(l -> l.isBlank() || ALL_ZERO.matcher(l).matches())) {
            throw text.wrong(0, "range", "no address but zero",
                    "addresses: /proc/iomem shows them to root only");
        }
        for (int i = 0; i < text.lines().size(); i++) {
            String line = text.lines().get(i);
            if (!line.isBlank()) {
                add(i, line);
            }
        }
        return lines;
    }

    private void add(int index, String line) throws FormatException {
        Matcher m = LINE.matcher(line);
        if (!m.matches()) {
            throw text.wrong(index, "resource", line, "start-end : name");
        }
        int depth = depth(index, m.group(1).length());
        long start = Long.parseUnsignedLong(m.group(2), 16);
        long last = Long.parseUnsignedLong(m.group(3), 16);
        if (start < 0 || last < start || last >= PHYSICAL_ADDRESS_END) {
            throw text.wrong(index, "range", m.group(2) + "-" + m.group(3),
                    "start not above end, 52 bits");
        }
        var range = new AddressRange(start, last + 1);
        int parent = depth == 0 ? -1 : openAtDepth[depth - 1];
        if (parent >= 0 && !lines.get(parent).range().contains(start, range.bytes())) {
            throw text.wrong(index, "range", range.toString(),
                    "a part of " + lines.get(parent).range());
        }
        if (start < endAtDepth[depth]) {
            throw text.wrong(index, "range", range.toString(), "a start at or above 0x"
                    + Long.toHexString(endAtDepth[depth]));
        }
        endAtDepth[depth] = range.end();
        openAtDepth[depth] = lines.size();
        depthBefore = depth;
        lines.add(new IomemLine(index, parent, range, m.group(4).strip()));
    }

    private int depth(int index, int spaces) throws FormatException {
        int depth = spaces / 2;
        if (spaces % 2 != 0 || depth > depthBefore + 1 || depth > MAX_DEPTH) {
            throw text.wrong(index, "indentation", spaces + " spaces",
                    "two a level, at most one level more than before");
        }
        if (depth > depthBefore) {
            endAtDepth[depth] = 0;
        }
        return depth;
    }
}
