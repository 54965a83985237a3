// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import java.util.BitSet;
import java.util.List;

/**
 * Where the crash reservation of a machine goes that has none: the longest stretch of System RAM
 * between 16 MiB and 4 GiB, in whole MiB, without a frame that is taken; at most 256 MiB, taken
 * from its end; of equal ones the lowest.
 */
final class ReservationRule {

    /** Less than this and a capture kernel does not boot. */
    static final long MIN_BYTES = 16L << 20;
    private static final long MAX_BYTES = 256L << 20;
    private static final long MIB = 1L << 20;
    private static final long LOWEST = 16L << 20;
    private static final long HIGHEST = 1L << 32;

    private ReservationRule() { }

    /**
     * Returns the reservation.
     *
     * @param used numbers of frames that are taken
     * @return null if no stretch is long enough
     */
    static AddressRange choose(List<AddressRange> systemRam, BitSet used) {
        AddressRange best = null;
        for (AddressRange ram : systemRam) {
            long start = -1;
            long limit = Math.min(ram.end(), HIGHEST);
            for (long at = Math.max(up(ram.start()), LOWEST); at + MIB <= limit; at += MIB) {
                if (taken(used, at)) {
                    start = -1;
                    continue;
                }
                start = start < 0 ? at : start;
                if (best == null || at + MIB - start > best.bytes()) {
                    best = new AddressRange(start, at + MIB);
                }
            }
        }
        if (best == null || best.bytes() < MIN_BYTES) {
            return null;
        }
        return new AddressRange(Math.max(best.start(), best.end() - MAX_BYTES), best.end());
    }

    private static boolean taken(BitSet used, long mib) {
        int first = (int) (mib / PhysicalMemory.PAGE_BYTES);
        int next = used.nextSetBit(first);
        return next >= 0 && next < first + MIB / PhysicalMemory.PAGE_BYTES;
    }

    private static long up(long address) {
        return (address + MIB - 1) / MIB * MIB;
    }
}
