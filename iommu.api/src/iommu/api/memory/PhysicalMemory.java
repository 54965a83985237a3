// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/**
 * The memory of one machine, little-endian, by physical address.
 *
 * <p>Backed ranges are laid out compactly: only granules of 64 KiB that were ever written take
 * space, side by side in one flat array; the rest is a pattern made of seed and address (zeros
 * would hide a wrong read) and is called synthetic. Writes go in place. Behind a {@link #mark} the
 * journal keeps what they overwrote, for {@link #rollback} and for comparing; after {@link
 * #trackCauses} each byte remembers who wrote it last.
 *
 * <p>An access that leaves the backed ranges is a mistake of the caller: ask {@link #contains}
 * first. One thread.
 */
public class PhysicalMemory {

    /** Bytes of a line: the grain of journal, provenance and the synthetic mark. */
    public static final int LINE_BYTES = 64;

    /** Bytes of a page. */
    public static final int PAGE_BYTES = 4096;

    /** Most memory that can be backed, 1 TiB: its directory of granules then takes 64 MiB. */
    public static final long MAX_BYTES = 1L << 40;

    /** Most bytes of a dump that are copied, half of what the array takes: others are written. */
    public static final long MAX_LOADED_BYTES = 1L << 30;

    private static final int GRANULE_SHIFT = BackedRanges.GRANULE_SHIFT;
    private static final int GRANULE_BYTES = 1 << GRANULE_SHIFT;
    private static final int GRANULE_MASK = GRANULE_BYTES - 1;
    private static final int UNPOPULATED = -1;

    private static final VarHandle LONG = MethodHandles
            .byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();
    private static final VarHandle INT = MethodHandles
            .byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();

    private final Pattern pattern;
    private final BackedRanges ranges;
    private final int[] directory;
    private byte[] arena;
    private long[] granuleAddress;
    private long[] known;
    private int populated;
    private final Journal journal = new Journal();
    private final Provenance provenance = new Provenance();
    private boolean tracking;
    private int cause;
    private Background background;
    private LateView[] lateViews = {};
    private boolean byProcessor;

    /**
     * Makes memory that holds the pattern everywhere.
     *
     * @param backed the ranges that answer; must not overlap; at most {@link #MAX_BYTES} in all
     * @param seed of the pattern
     * @throws IllegalArgumentException if the ranges overlap or are too large
     */
    public PhysicalMemory(List<AddressRange> backed, long seed) {
        this(backed, seed, false);
    }

    private PhysicalMemory(List<AddressRange> backed, long seed, boolean blank) {
        pattern = new Pattern(seed, blank);
        ranges = new BackedRanges(backed);
        directory = new int[ranges.granules()];
        Arrays.fill(directory, UNPOPULATED);
        arena = new byte[4 * GRANULE_BYTES];
        granuleAddress = new long[4];
        known = new long[4 * (GRANULE_BYTES / LINE_BYTES / 64)];
    }

    PhysicalMemory(PhysicalMemory other, boolean copied) {
        pattern = other.pattern;
        ranges = new BackedRanges(other.ranges);
        directory = copied ? other.directory.clone() : other.directory;
        arena = copied ? other.arena.clone() : other.arena;
        granuleAddress = copied ? other.granuleAddress.clone() : other.granuleAddress;
        known = copied ? other.known.clone() : other.known;
        populated = other.populated;
        background = other.background;
    }

    /**
     * Returns memory that holds zeros everywhere, as emulators start with.
     *
     * @throws IllegalArgumentException if the ranges overlap or are too large
     */
    public static PhysicalMemory zeroed(List<AddressRange> backed) {
        return new PhysicalMemory(backed, 0, true);
    }

    /** Returns an independent copy of the bytes, without journal and causes. */
    public PhysicalMemory copy() {
        return new PhysicalMemory(this, true);
    }

    /** Returns whether all of {@code bytes} bytes from {@code address} are backed, in one range. */
    public boolean contains(long address, long bytes) {
        return ranges.contains(address, bytes);
    }

    private int granuleOf(long address, int bytes) {
        return ranges.granuleOf(address, bytes);
    }

    // ---- reading --------------------------------------------------------------------------------

    /** Returns the 64 bits at {@code address}, which must be a multiple of 8. */
    public long read64(long address) {
        aligned(address, 8);
        int slot = directory[granuleOf(address, 8)];
        return slot < 0 ? absent64(address)
                : (long) LONG.get(arena, slot + ((int) address & GRANULE_MASK));
    }

    /**
     * Returns the place of a page for {@link #wordAt}: found once, it serves every word of the
     * page as long as this memory is used.
     *
     * @param page a multiple of {@link #PAGE_BYTES}
     * @return -1 if the page is not backed as a whole, or nothing was ever written near it
     */
    public int placeOfPage(long page) {
        int granule = ranges.granuleOfPage(page);
        int slot = granule < 0 ? UNPOPULATED : directory[granule];
        return slot < 0 ? -1 : slot + ((int) page & GRANULE_MASK);
    }

    /**
     * Returns 64 bits of a page.
     *
     * @param place from {@link #placeOfPage}
     * @param offset into the page, a multiple of 8
     */
    public long wordAt(int place, int offset) {
        return (long) LONG.get(arena, place + offset);
    }

    /** Returns the 32 bits at {@code address}, which must be a multiple of 4. */
    public int read32(long address) {
        aligned(address, 4);
        int slot = directory[granuleOf(address, 4)];
        return slot < 0 ? (int) (absent64(address & -8) >>> 8 * (address & 4))
                : (int) INT.get(arena, slot + ((int) address & GRANULE_MASK));
    }

    /** Copies {@code bytes} bytes from {@code address} into an array. */
    public void read(long address, byte[] to, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            int chunk = chunk(address + done, bytes - done);
            int slot = directory[granuleOf(address + done, chunk)];
            if (slot >= 0) {
                System.arraycopy(arena, slot + ((int) (address + done) & GRANULE_MASK),
                        to, offset + done, chunk);
            } else {
                absent(address + done, to, offset + done, chunk);
            }
            done += chunk;
        }
    }

    /** Returns how many of {@code bytes} bytes from {@code address} are still the pattern. */
    public long syntheticBytes(long address, long bytes) {
        long count = 0;
        for (long at = address; at < address + bytes;) {
            int slot = directory[granuleOf(at, 1)];
            long end = Math.min((at | GRANULE_MASK) + 1, address + bytes);
            if (slot >= 0 && isKnown(slot + ((int) at & GRANULE_MASK) >>> 6,
                    slot + ((int) (end - 1) & GRANULE_MASK) >>> 6)) {
                at = end;
            }
            while (at < end) {
                long next = Math.min((at | LINE_BYTES - 1) + 1, end);
                int line = slot + ((int) at & GRANULE_MASK) >>> 6;
                if (slot < 0 ? !isInBackground(at) : (known[line >>> 6] >>> line & 1) == 0) {
                    count += next - at;
                }
                at = next;
            }
        }
        return count;
    }

    /** Returns whether the lines from {@code first} to {@code last} are known, every one. */
    private boolean isKnown(int first, int last) {
        for (int word = first >>> 6; word <= last >>> 6; word++) {
            if ((~known[word] & ofWord(word, first, last)) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns the bits of a word of {@link #known} for lines {@code first} to {@code last}. */
    private static long ofWord(int word, int first, int last) {
        return (word == first >>> 6 ? -1L << first : -1L)
                & (word == last >>> 6 ? -1L >>> -(last + 1) : -1L);
    }

    private boolean isInBackground(long address) {
        return background != null && background.touches(address & -LINE_BYTES, LINE_BYTES);
    }

    /**
     * Returns whether any line of the page at {@code page} was ever loaded or written.
     *
     * @param page address of the page, backed as a whole or in part
     */
    public boolean pageIsKnown(long page) {
        if (!ranges.contains(page, 1)) {
            return false;
        }
        int slot = directory[granuleOf(page, 1)];
        if (slot < 0) {
            return background != null && background.touches(page & -PAGE_BYTES, PAGE_BYTES);
        }
        int line = slot + ((int) page & GRANULE_MASK) >>> 6;
        return known[line >>> 6] != 0;
    }

    /** Tells the address of every page of which {@link #pageIsKnown} is true, ascending. */
    public void knownPages(LongConsumer visitor) {
        long[] granules = background == null ? Arrays.copyOf(granuleAddress, populated)
                : granules();
        Arrays.sort(granules);
        for (int g = 0; g < granules.length; g++) {
            if (g > 0 && granules[g] == granules[g - 1]) {
                continue;
            }
            for (long page = granules[g]; page < granules[g] + GRANULE_BYTES; page += PAGE_BYTES) {
                if (contains(page, 1) && pageIsKnown(page)) {
                    visitor.accept(page);
                }
            }
        }
    }

    /** Returns the granules that are populated or that the background touches. */
    private long[] granules() {
        LongStream.Builder found = LongStream.builder();
        ranges.granules((granule, address) -> {
            if (directory[granule] >= 0 || background.touches(address, GRANULE_BYTES)) {
                found.add(address);
            }
        });
        return found.build().toArray();
    }

    // ---- writing --------------------------------------------------------------------------------

    /** Writes 64 bits at {@code address}, which must be a multiple of 8. */
    public void write64(long address, long value) {
        aligned(address, 8);
        int at = place(address, 8);
        LONG.set(arena, at, value);
    }

    /** Writes 32 bits at {@code address}, which must be a multiple of 4. */
    public void write32(long address, int value) {
        aligned(address, 4);
        int at = place(address, 4);
        INT.set(arena, at, value);
    }

    /** Copies {@code bytes} bytes from an array to {@code address}. */
    public void write(long address, byte[] from, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            int chunk = chunk(address + done, bytes - done);
            int granule = granuleOf(address + done, chunk);
            if (directory[granule] < 0) {
                populate(granule, address + done & ~(long) GRANULE_MASK);
            }
            int at = directory[granule] + ((int) (address + done) & GRANULE_MASK);
            note(address + done, at, chunk);
            System.arraycopy(from, offset + done, arena, at, chunk);
            done += chunk;
        }
    }

    /**
     * Takes over what a dump holds; bytes that lie outside the backed ranges are left out. A dump
     * of up to {@link #MAX_LOADED_BYTES} is copied; a larger one becomes the {@link #background}.
     *
     * @return the number of bytes left out
     * @throws IOException if the dump cannot be read
     */
    public long load(MemoryImage image) throws IOException {
        if (bytes(image.ranges()) > MAX_LOADED_BYTES) {
            background(image);
            return bytes(image.ranges()) - bytes(ranges.partsOf(image.ranges()));
        }
        byte[] page = new byte[PAGE_BYTES];
        long leftOut = 0;
        for (AddressRange range : image.ranges()) {
            for (long at = range.start(); at != range.end();) {
                int bytes = (int) Math.min(PAGE_BYTES - (at & PAGE_BYTES - 1), range.end() - at);
                if (contains(at, bytes)) {
                    image.read(at, page, 0, bytes);
                    write(at, page, 0, bytes);
                } else {
                    leftOut += bytes;
                }
                at += bytes;
            }
        }
        return leftOut;
    }

    private static long bytes(List<AddressRange> ranges) {
        return ranges.stream().mapToLong(AddressRange::bytes).sum();
    }

    /**
     * Lays this memory over a dump: what was never written is read from it on demand, and counts as
     * known. Reading throws {@link java.io.UncheckedIOException} where the dump cannot be read.
     *
     * @throws IllegalStateException if this memory was written before
     */
    public void background(MemoryImage image) {
        if (populated > 0) {
            throw new IllegalStateException("memory was written before it got a background");
        }
        background = new Background(image, ranges.partsOf(image.ranges()));
    }

    /**
     * Populates, journals and attributes {@code bytes} bytes within one line; returns their place.
     */
    private int place(long address, int bytes) {
        int granule = granuleOf(address, bytes);
        if (directory[granule] < 0) {
            populate(granule, address & ~(long) GRANULE_MASK);
        }
        int at = directory[granule] + ((int) address & GRANULE_MASK);
        note(address, at, bytes);
        return at;
    }

    /** Journals and attributes {@code bytes} bytes within one granule that are about to change. */
    private void note(long address, int at, int bytes) {
        int first = at >>> 6;
        int last = at + bytes - 1 >>> 6;
        for (LateView view : lateViews) {
            for (int line = 0; line <= last - first; line++) {
                if (byProcessor) {
                    view.keep(address + (long) line * LINE_BYTES);
                } else {
                    view.release(address / LINE_BYTES + line);
                }
            }
        }
        for (int page = first >>> 6; page <= last >>> 6; page++) {
            long changing = ofWord(page, first, last);
            journal.save(page, changing, arena, known[page]);
            known[page] |= changing;
        }
        if (tracking) {
            provenance.note(first, last, -1L << at, -1L >>> -(at + bytes), cause);
        }
    }

    private void populate(int granule, long address) {
        if (populated == granuleAddress.length) {
            int room = Math.min(populated * 2, Integer.MAX_VALUE >>> GRANULE_SHIFT);
            if (room == populated) {
                throw new IllegalStateException("more than 2 GiB of memory written");
            }
            arena = Arrays.copyOf(arena, room << GRANULE_SHIFT);
            granuleAddress = Arrays.copyOf(granuleAddress, room);
            known = Arrays.copyOf(known, room * (GRANULE_BYTES / LINE_BYTES / 64));
        }
        int slot = populated << GRANULE_SHIFT;
        absent(address, arena, slot, GRANULE_BYTES);
        if (background != null) {
            for (int at = 0; at < GRANULE_BYTES; at += LINE_BYTES) {
                if (background.touches(address + at, LINE_BYTES)) {
                    known[slot + at >>> 12] |= 1L << (slot + at >>> 6);
                }
            }
        }
        granuleAddress[populated++] = address;
        directory[granule] = slot;
    }

    private static int chunk(long address, int bytes) {
        return Math.min(bytes, GRANULE_BYTES - ((int) address & GRANULE_MASK));
    }

    private static void aligned(long address, int bytes) {
        if ((address & bytes - 1) != 0) {
            throw new IllegalArgumentException("0x" + Long.toHexString(address)
                    + " is no multiple of " + bytes);
        }
    }

    // ---- the pattern ----------------------------------------------------------------------------

    /** Returns what a word holds that was never written. */
    private long absent64(long address) {
        return background == null ? pattern.word(address)
                : background.read64(address, pattern.word(address));
    }

    private void absent(long address, byte[] to, int offset, int bytes) {
        pattern.fill(address, to, offset, bytes);
        if (background != null) {
            background.overlay(address, to, offset, bytes);
        }
    }

    // ---- processors and those who do not snoop them ---------------------------------------------

    /**
     * Returns this memory as an observer sees it that learns of processors' writes late; from now
     * on they are kept back from it. Observers without a write buffer see the same: they share one
     * view.
     *
     * @param buffered whether a write buffer keeps flushed lines back until it is drained
     */
    public LateView lateView(boolean buffered) {
        for (LateView one : lateViews) {
            if (!buffered && !one.isBuffered()) {
                return one;
            }
        }
        var view = new LateView(this, buffered);
        lateViews = Arrays.copyOf(lateViews, lateViews.length + 1);
        lateViews[lateViews.length - 1] = view;
        return view;
    }

    /** Says whether the writes that follow are a processor's, into its caches, or a device's. */
    public void byProcessor(boolean on) {
        byProcessor = on;
    }

    /** Does what a processor's flush of the lines of a range does. */
    public void flush(long address, long bytes) {
        for (LateView view : lateViews) {
            for (long line = address / LINE_BYTES; line <= (address + bytes - 1) / LINE_BYTES;
                    line++) {
                view.flush(line);
            }
        }
    }

    // ---- journal and provenance -----------------------------------------------------------------

    /**
     * Returns this memory as it was at a mark, to read only: writes to what is returned are
     * dropped. It reads through this memory and its journal, so it takes no room, and is good until
     * another mark is made or this one is rolled back.
     *
     * @param mark the last one that was made
     * @throws IllegalStateException if it is not
     */
    public PhysicalMemory asAt(int mark) {
        if (!journal.isLast(mark)) {
            throw new IllegalStateException("mark " + mark + " is not the last one");
        }
        return new MemoryAtMark(this);
    }

    /**
     * Puts the bytes of one line, as they were at the last mark, over an array.
     *
     * @param skip bytes of the line left out at its beginning
     */
    void restore(long address, int skip, byte[] to, int offset, int bytes) {
        int slot = directory[granuleOf(address, 1)];
        int entry = slot < 0 ? -1
                : journal.entryOf(slot + ((int) address & GRANULE_MASK) >>> 6);
        if (entry >= 0) {
            System.arraycopy(journal.bytes(), entry * LINE_BYTES + skip, to, offset, bytes);
        }
    }

    /** Returns whether a byte of a range is another one than at the last mark. */
    public boolean differs(AddressRange range) {
        for (long at = range.start(); at < range.end();) {
            int slot = directory[granuleOf(at, 1)];
            if (slot < 0) {
                at = (at | GRANULE_MASK) + 1; // nothing was ever written here
                continue;
            }
            long next = Math.min((at | LINE_BYTES - 1) + 1, range.end());
            int place = slot + ((int) at & GRANULE_MASK);
            int entry = journal.entryOf(place >>> 6);
            int kept = entry * LINE_BYTES + ((int) at & LINE_BYTES - 1);
            int bytes = (int) (next - at);
            if (entry >= 0 && Arrays.mismatch(arena, place, place + bytes, journal.bytes(), kept,
                    kept + bytes) >= 0) {
                return true;
            }
            at = next;
        }
        return false;
    }

    /** Receives who wrote which bytes of a line. */
    @FunctionalInterface
    public interface CauseVisitor {

        /**
         * Takes a cause.
         *
         * @param mask bit n for byte n of the line
         */
        void cause(int cause, long mask);
    }

    /** Tells who wrote the bytes of a line last, each byte once; those of nobody are left out. */
    public void causes(long line, CauseVisitor visitor) {
        int slot = directory[granuleOf(line, 1)];
        if (slot >= 0) {
            provenance.causes(slot + ((int) line & GRANULE_MASK) >>> 6, visitor);
        }
    }

    /** Starts keeping what writes overwrite; returns a mark for {@link #rollback}. Marks nest. */
    public int mark() {
        return journal.mark();
    }

    /** Puts every byte back as it was at {@code mark} and forgets all causes. */
    public void rollback(int mark) {
        for (int e = journal.size() - 1; e >= mark; e--) {
            int line = journal.line(e);
            System.arraycopy(journal.bytes(), e * LINE_BYTES, arena, line * LINE_BYTES, LINE_BYTES);
            if (!journal.wasKnown(e)) {
                known[line >>> 6] &= ~(1L << line);
            }
        }
        journal.truncate(mark);
        provenance.clear();
        tracking = false;
        cause = 0;
        for (LateView view : lateViews) {
            view.clear();
        }
    }

    /** Forgets what writes since {@code mark} overwrote: they can no longer be rolled back. */
    public void keep(int mark) {
        journal.truncate(mark);
    }

    /** Tells {@code visitor} each line written since {@code mark}, in the order of first writes. */
    public void changedLines(int mark, ChangedLine visitor) {
        boolean once = journal.isLast(mark); // since the last mark each line is kept once
        var seen = new java.util.BitSet();
        for (int e = mark; e < journal.size(); e++) {
            int line = journal.line(e);
            if (once || !seen.get(line)) {
                if (!once) {
                    seen.set(line);
                }
                long address = granuleAddress[line >>> GRANULE_SHIFT - 6]
                        + ((long) line << 6 & GRANULE_MASK);
                visitor.line(address, journal.bytes(), e * LINE_BYTES);
            }
        }
    }

    /** From now on each written byte remembers its cause; forgets causes kept before. */
    public void trackCauses() {
        provenance.clear();
        tracking = true;
    }

    /** Sets the cause that every following write carries; 0 means nobody. */
    public void cause(int cause) {
        this.cause = cause;
    }

    /** Returns the cause that writes carry now. */
    public int cause() {
        return cause;
    }

    /** Returns who wrote the byte at {@code address} last since {@link #trackCauses}, or 0. */
    public int causeOf(long address) {
        int slot = directory[granuleOf(address, 1)];
        return slot < 0 ? 0 : provenance.causeOf(
                slot + ((int) address & GRANULE_MASK) >>> 6, (int) address & LINE_BYTES - 1);
    }
}
