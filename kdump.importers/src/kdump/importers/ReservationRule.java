// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.memory.AddressRange;
import java.util.List;

/**
 * The rule that gives a crash reservation to a machine captured without one.
 *
 * <p>Size: a quarter of System RAM, at least 32 MiB and at most 256 MiB, rounded down to 16 MiB.
 * Place: the highest multiple of 16 MiB below 4 GiB such that the reservation lies in one range of
 * System RAM and no captured page lies in it, since the capture kernel would wipe what the dump
 * knows. If there is no such place, the next smaller multiple of 16 MiB is tried, down to 16 MiB.
 *
 * <p>The running kernel's own image is not looked at: unless captured, nothing reads it.
 */
final class ReservationRule {

    private static final long MIB = 1L << 20;
    private static final long GRAIN_BYTES = 16 * MIB;
    private static final long LEAST_BYTES = 32 * MIB;
    private static final long MOST_BYTES = 256 * MIB;
    private static final long FOUR_GIB = 1L << 32;

    /**
     * What the rule says.
     *
     * @param range the reservation, or null if there is no room
     * @param remark a sentence about it
     */
    record Choice(AddressRange range, String remark) { }

    private final List<AddressRange> systemRam;
    private final List<AddressRange> captured;

    /** Takes ranges by address that do not overlap. */
    ReservationRule(List<AddressRange> systemRam, List<AddressRange> captured) {
        this.systemRam = Ranges.joined(systemRam);
        this.captured = Ranges.joined(captured);
    }

    Choice choose() {
        long quarter = Ranges.bytes(systemRam) / 4;
        long wanted = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, quarter)) & -GRAIN_BYTES;
        for (long bytes = wanted; bytes >= GRAIN_BYTES; bytes -= GRAIN_BYTES) {
            for (int i = systemRam.size() - 1; i >= 0; i--) {
                AddressRange place = placeIn(systemRam.get(i), bytes);
                if (place != null) {
                    return new Choice(place, "The capture has no crash reservation; chosen by"
                            + " rule: " + bytes / MIB + " MiB at " + place + " (a quarter of"
                            + " System RAM, 32 to 256 MiB, at the highest 16 MiB boundary below"
                            + " 4 GiB clear of captured pages).");
                }
            }
        }
        return new Choice(null, "The capture has no crash reservation, and no 16 MiB of System RAM"
                + " below 4 GiB are clear of captured pages.");
    }

    private AddressRange placeIn(AddressRange ram, long bytes) {
        long start = Math.min(ram.end(), FOUR_GIB) - bytes & -GRAIN_BYTES;
        while (start >= ram.start()) {
            AddressRange last = lastBelow(start + bytes);
            if (last == null || last.end() <= start) {
                return AddressRange.of(start, bytes);
            }
            start = last.start() - bytes & -GRAIN_BYTES;
        }
        return null;
    }

    /** Returns the highest captured range that begins below {@code address}, or null. */
    private AddressRange lastBelow(long address) {
        int low = 0;
        int high = captured.size();
        while (low < high) {
            int middle = low + high >>> 1;
            if (captured.get(middle).start() < address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? null : captured.get(low - 1);
    }
}
