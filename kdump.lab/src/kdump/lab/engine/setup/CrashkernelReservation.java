// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.memory.AddressRange;
import iommu.api.profile.KernelVersion;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Where a kernel puts the memory of its capture kernel, by the words {@code crashkernel=} of its
 * command line and its own search.
 *
 * <p>Up to 2.6.36 the lowest place is taken, from 2.6.37 the highest below 896 MiB, from 5.2 the
 * highest below 4 GiB, or above if there is none. {@code ,high} (3.9) looks at all of memory, and
 * a part below 4 GiB comes with it: 72 MiB, from 4.2 256 MiB, or what {@code ,low} says.
 *
 * <p>Source: Linux, parse_crashkernel and reserve_crashkernel; Documentation, "Documentation for
 * Kdump", crashkernel syntax.
 *
 * @param range whole MiB within System RAM
 * @param low the part below 4 GiB that comes with a range above; null if there is none
 * @param word that was followed, for people
 */
public record CrashkernelReservation(AddressRange range, AddressRange low, String word) {

    private static final long MIB = 1L << 20;
    private static final long ALIGN = 16 * MIB;
    private static final long FOUR_GIB = 1L << 32;
    private static final long OLD_LIMIT = 896 * MIB;
    private static final long HIGH_LIMIT = 1L << 46;
    /** Total memory is rounded up to it before ranges are looked at, from 6.0. */
    private static final long TOTAL_UNIT = 128 * MIB;
    /** The kernel itself lies from 16 MiB on. */
    private static final AddressRange KERNEL_IMAGE = AddressRange.of(ALIGN, ALIGN);
    private static final String KEY = "crashkernel=";
    private static final KernelVersion TOP_DOWN = new KernelVersion(2, 6, 37);
    private static final Map<Character, Integer> SHIFTS =
            Map.of('K', 10, 'M', 20, 'G', 30, 'T', 40, 'P', 50);

    /** What a word asks for; {@code base} is 0 where the kernel looks for a place. */
    private record Wanted(long bytes, long base) { }

    /**
     * Follows a command line.
     *
     * @param ram System RAM, by address
     * @param taken what may not be reserved, beside the kernel's own image
     * @return null if nothing is asked for, or nothing for a machine of this size
     * @throws IllegalArgumentException if a word makes no sense to this kernel, or there is no
     *     place
     */
    public static CrashkernelReservation of(String commandLine, List<AddressRange> ram,
            List<AddressRange> taken, KernelVersion version) {
        var search = new Search(ram, taken, version);
        boolean knowsHigh = version.atLeast(3, 9);
        String plain = last(commandLine, "", knowsHigh);
        String high = knowsHigh ? last(commandLine, ",high", true) : null;
        Wanted wanted = plain == null ? null : search.parse(plain);
        boolean onlyHigh = wanted == null && high != null;
        String word = KEY + (onlyHigh ? high + ",high" : plain);
        if (onlyHigh) {
            wanted = new Wanted(new Text(high, KEY + high + ",high").onlySize(), 0);
        }
        if (wanted == null || wanted.bytes == 0) {
            return null;
        }
        AddressRange range = wanted.base != 0 ? search.fixed(wanted, word)
                : search.place(wanted.bytes, onlyHigh, word);
        if (range.start() < FOUR_GIB) {
            return new CrashkernelReservation(range, null, word);
        }
        String low = last(commandLine, ",low", true);
        long bytes = low == null ? search.lowBytes() : new Text(low, KEY + low + ",low").onlySize();
        return new CrashkernelReservation(range, bytes == 0 ? null
                : search.low(bytes, KEY + bytes / MIB + "M,low"), word);
    }

    /** Returns the value of the last word of a kind, without its suffix; null if there is none. */
    private static String last(String commandLine, String suffix, boolean knowsSuffixes) {
        String found = null;
        for (String word : commandLine.trim().split("\\s+")) {
            if (!word.startsWith(KEY)) {
                continue;
            }
            String value = word.substring(KEY.length());
            boolean special = knowsSuffixes && value.matches(".*,(high|low|cma)");
            if (suffix.isEmpty() ? !special : value.endsWith(suffix)) {
                found = value.substring(0, value.length() - suffix.length());
            }
        }
        return found;
    }

    /** A word that is read from left to right. */
    private static final class Text {
        private final String text;
        private final String word;
        private int at;

        Text(String text, String word) {
            this.text = text;
            this.word = word;
        }

        IllegalArgumentException wrong(String expected) {
            return new IllegalArgumentException(word + ": found '" + text.substring(at)
                    + "', expected " + expected);
        }

        boolean skip(char wanted) {
            boolean there = at < text.length() && text.charAt(at) == wanted;
            at += there ? 1 : 0;
            return there;
        }

        boolean ended() {
            return at == text.length();
        }

        boolean atDigit() {
            return !ended() && Character.isDigit(text.charAt(at));
        }

        /** Reads a number as memparse does: decimal or 0x, then perhaps K, M, G, T, P. */
        long size() {
            boolean hex = text.startsWith("0x", at);
            int start = hex ? at + 2 : at;
            int end = start;
            while (end < text.length() && Character.digit(text.charAt(end), hex ? 16 : 10) >= 0) {
                end++;
            }
            if (end == start || end - start > 15) {
                throw wrong("a size, such as 256M");
            }
            long value = Long.parseLong(text.substring(start, end), hex ? 16 : 10);
            at = end;
            Integer shift = ended() ? null
                    : SHIFTS.get(Character.toUpperCase(text.charAt(at)));
            at += shift == null ? 0 : 1;
            long bytes = shift == null ? value : value << shift;
            if (bytes < 0 || shift != null && bytes >>> shift != value || bytes > 1L << 52) {
                throw wrong("a size below 4 PiB");
            }
            return bytes;
        }

        long onlySize() {
            long bytes = size();
            if (!ended()) {
                throw wrong("nothing more");
            }
            return bytes;
        }
    }

    /** The memory in which one kernel looks for a place. */
    private record Search(List<AddressRange> ram, List<AddressRange> taken,
            KernelVersion version) {

        /** Returns what a word without suffix asks for; 0 bytes where no range fits. */
        Wanted parse(String value) {
            var text = new Text(value, KEY + value);
            long bytes = value.contains(":") ? ofRanges(text) : text.size();
            long base = text.skip('@') ? text.size() : 0;
            if (!text.ended()) {
                throw text.wrong("@ and an address, or nothing more");
            }
            return new Wanted(bytes, base);
        }

        private long ofRanges(Text text) {
            long total = ram.stream().mapToLong(AddressRange::bytes).sum();
            if (version.atLeast(6, 0)) {
                total = (total + TOTAL_UNIT - 1) / TOTAL_UNIT * TOTAL_UNIT;
            }
            long found = 0;
            do {
                long start = text.size();
                if (!text.skip('-')) {
                    throw text.wrong("-, as in 512M-2G:64M");
                }
                long end = text.atDigit() ? text.size() : Long.MAX_VALUE;
                if (end <= start || !text.skip(':')) {
                    throw text.wrong("a range and a size, as in 512M-2G:64M");
                }
                long bytes = text.size();
                found = found == 0 && total >= start && total < end ? bytes : found;
            } while (text.skip(','));
            return found;
        }

        AddressRange fixed(Wanted wanted, String word) {
            AddressRange range = AddressRange.of(wanted.base, up(wanted.bytes, MIB));
            if (wanted.base % MIB != 0 || free(0, HIGH_LIMIT).stream()
                    .noneMatch(r -> r.contains(range.start(), range.bytes()))) {
                throw new IllegalArgumentException(word
                        + ": crashkernel reservation failed - memory is in use");
            }
            return range;
        }

        AddressRange place(long bytes, boolean high, String word) {
            AddressRange found = null;
            if (version.compareTo(TOP_DOWN) < 0) {
                found = lowest(up(bytes, MIB), ALIGN, HIGH_LIMIT);
            } else if (!high) {
                found = highest(up(bytes, MIB), ALIGN, version.atLeast(5, 2) ? FOUR_GIB
                        : OLD_LIMIT);
            }
            if (found == null && (high || version.atLeast(5, 2))) {
                found = highest(up(bytes, MIB), ALIGN, HIGH_LIMIT);
            }
            if (found == null) {
                throw new IllegalArgumentException(word
                        + ": crashkernel reservation failed - No suitable area found");
            }
            return found;
        }

        long lowBytes() {
            return (version.atLeast(4, 2) ? 256 : 72) * MIB;
        }

        AddressRange low(long bytes, String word) {
            AddressRange found = highest(up(bytes, MIB), ALIGN, FOUR_GIB);
            if (found == null) {
                throw new IllegalArgumentException(word
                        + ": crashkernel low memory reservation failed - No suitable area found");
            }
            return found;
        }

        private AddressRange highest(long bytes, long from, long to) {
            List<AddressRange> free = free(from, to);
            for (int i = free.size() - 1; i >= 0; i--) {
                long start = (free.get(i).end() - bytes) / ALIGN * ALIGN;
                if (free.get(i).bytes() >= bytes && start >= free.get(i).start()) {
                    return AddressRange.of(start, bytes);
                }
            }
            return null;
        }

        private AddressRange lowest(long bytes, long from, long to) {
            return free(from, to).stream().filter(r -> up(r.start(), ALIGN) + bytes <= r.end())
                    .map(r -> AddressRange.of(up(r.start(), ALIGN), bytes)).findFirst()
                    .orElse(null);
        }

        /** Returns the stretches of System RAM in a window that nobody has. */
        private List<AddressRange> free(long from, long to) {
            var busy = new ArrayList<>(taken);
            busy.add(KERNEL_IMAGE);
            busy.sort((a, b) -> Long.compare(a.start(), b.start()));
            var free = new ArrayList<AddressRange>();
            for (AddressRange range : ram) {
                long at = Math.max(from, range.start());
                long end = Math.min(to, range.end());
                for (AddressRange other : busy) {
                    if (other.start() < end && other.end() > at) {
                        add(free, at, other.start());
                        at = Math.max(at, other.end());
                    }
                }
                add(free, at, end);
            }
            return Collections.unmodifiableList(free);
        }

        private static void add(List<AddressRange> free, long start, long end) {
            if (start < end) {
                free.add(new AddressRange(start, end));
            }
        }

        private static long up(long value, long unit) {
            return (value + unit - 1) / unit * unit;
        }
    }
}
