// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What {@link PhysicalMemory} promises, kept the plainest way: a map from address to byte. */
final class NaiveMemory {

    private static final int LINE = PhysicalMemory.LINE_BYTES;

    /** How memory was at a mark, and the lines written from it to the next mark. */
    private record Mark(Map<Long, Byte> bytes, Set<Long> known, Set<Long> written) { }

    /** A line that an observer does not see yet. */
    private static final class Kept {
        final byte[] before;
        boolean flushed;

        Kept(byte[] before) {
            this.before = before;
        }
    }

    private final List<AddressRange> backed;
    private final long seed;
    private final List<AddressRange> image;
    private Map<Long, Byte> bytes = new HashMap<>();
    private Set<Long> known = new HashSet<>();
    private final Map<Long, Integer> causes = new HashMap<>();
    private final List<Mark> marks = new ArrayList<>();
    private final Map<Long, Kept> kept = new HashMap<>();
    private boolean tracking;
    private int cause;

    /** Makes one that holds the pattern, and over it an image of {@link DumpOfAddresses}. */
    NaiveMemory(List<AddressRange> backed, long seed, List<AddressRange> image) {
        this.backed = backed;
        this.seed = seed;
        this.image = image;
    }

    byte read(long address) {
        Byte written = bytes.get(address);
        if (written != null) {
            return written;
        }
        return inImage(address) ? DumpOfAddresses.at(address)
                : (byte) (RandomStream.mix(seed ^ address >>> 3) >>> 8 * (address & 7));
    }

    byte[] read(long address, int count) {
        byte[] all = new byte[count];
        for (int i = 0; i < count; i++) {
            all[i] = read(address + i);
        }
        return all;
    }

    private boolean inImage(long address) {
        return image.stream().anyMatch(r -> r.contains(address));
    }

    /** Writes bytes: a processor's are kept back from the observer, a device's are not. */
    void write(long address, byte[] from, boolean byProcessor) {
        for (long line = address & -LINE; line < address + from.length; line += LINE) {
            if (!byProcessor) {
                kept.remove(line);
            } else {
                kept.putIfAbsent(line, new Kept(read(line, LINE)));
                kept.get(line).flushed = false;
            }
            known.add(line);
            if (!marks.isEmpty()) {
                marks.get(marks.size() - 1).written.add(line);
            }
        }
        for (int i = 0; i < from.length; i++) {
            bytes.put(address + i, from[i]);
            if (tracking) {
                causes.put(address + i, cause);
            }
        }
    }

    // ---- what is known --------------------------------------------------------------------------

    boolean isKnown(long address) {
        long line = address & -LINE;
        return known.contains(line)
                || image.stream().anyMatch(r -> r.overlaps(AddressRange.of(line, LINE)));
    }

    long syntheticBytes(long address, long count) {
        long synthetic = 0;
        for (long at = address; at < address + count; at++) {
            synthetic += isKnown(at) ? 0 : 1;
        }
        return synthetic;
    }

    /** Returns all pages of which a line is known, ascending. */
    List<Long> knownPages() {
        var pages = new TreeSet<Long>();
        for (AddressRange range : backed) {
            for (long line = range.start(); line < range.end(); line += LINE) {
                if (isKnown(line)) {
                    pages.add(line & -PhysicalMemory.PAGE_BYTES);
                }
            }
        }
        return List.copyOf(pages);
    }

    // ---- marks ----------------------------------------------------------------------------------

    /** Opens a mark; returns its index. */
    int mark() {
        marks.add(new Mark(new HashMap<>(bytes), new HashSet<>(known), new HashSet<>()));
        return marks.size() - 1;
    }

    int marks() {
        return marks.size();
    }

    /** Goes back to a mark, which stays; those after it are gone. */
    void rollback(int index) {
        Mark mark = marks.get(index);
        marks.subList(index, marks.size()).clear();
        bytes = new HashMap<>(mark.bytes);
        known = new HashSet<>(mark.known);
        marks.add(new Mark(mark.bytes, mark.known, new HashSet<>()));
        causes.clear();
        tracking = false;
        cause = 0;
        kept.clear();
    }

    /** Returns the lines written since a mark. */
    Set<Long> changed(int index) {
        var lines = new TreeSet<Long>();
        marks.subList(index, marks.size()).forEach(m -> lines.addAll(m.written));
        return lines;
    }

    /** Returns what a line held at a mark. */
    byte[] before(int index, long line) {
        var then = new NaiveMemory(backed, seed, image);
        then.bytes = marks.get(index).bytes;
        return then.read(line, LINE);
    }

    // ---- causes ---------------------------------------------------------------------------------

    void trackCauses() {
        causes.clear();
        tracking = true;
    }

    void cause(int by) {
        cause = by;
    }

    int causeOf(long address) {
        return causes.getOrDefault(address, 0);
    }

    // ---- an observer behind a write buffer ------------------------------------------------------

    byte[] seenLate(long address, int count) {
        Kept line = kept.get(address & -LINE);
        if (line == null) {
            return read(address, count);
        }
        int from = (int) (address & LINE - 1);
        return java.util.Arrays.copyOfRange(line.before, from, from + count);
    }

    void flush(long address, long count) {
        kept.forEach((line, k) -> k.flushed |= line < address + count && line + LINE > address);
    }

    void drain(boolean all) {
        kept.values().removeIf(k -> all || k.flushed);
    }

    boolean nothingKept() {
        return kept.isEmpty();
    }
}
