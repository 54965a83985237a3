// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import kdump.importers.dump.PackedRanges;

/**
 * Looks through all pages of an image for root tables.
 *
 * @param pages number of pages looked at
 * @param shaped those of them that have the shape of a root table
 * @param verified the root tables, the one with most mappings first, then with most contexts, then
 *     by address
 * @param rejected some of those that are none although contexts are there, likewise
 */
public record RootSearch(long pages, int shaped, List<RootCandidate> verified,
        List<RootCandidate> rejected) {

    /** Bytes of a page that are looked at first: enough to reject nearly every page in use. */
    private static final int HEAD_BYTES = 32;

    /** Most root tables kept: no machine has as many units. */
    private static final int MAX_VERIFIED = 1024;

    /** Most others kept, for people to read. */
    private static final int MAX_REJECTED = 8;

    private static final Comparator<RootCandidate> BEST_FIRST =
            Comparator.comparingLong(RootCandidate::leaves).reversed()
                    .thenComparing(c -> c.requesters().size(), Comparator.reverseOrder())
                    .thenComparing(RootCandidate::address);

    private static final byte[] ZERO = new byte[Shape.PAGE_BYTES];

    /** Copies the list. */
    public RootSearch {
        verified = List.copyOf(verified);
        rejected = List.copyOf(rejected);
    }

    /** Searches an image of which nothing was lost. */
    public static RootSearch in(MemoryImage image, List<AddressRange> ram) throws IOException {
        return in(image, ram, List.of());
    }

    /**
     * Searches an image.
     *
     * @param ram where mappings are expected to lead, by address and apart
     * @param lost what the image would hold if its file did not break off: a table there is no
     *     fault
     * @throws IOException if the dump cannot be read; damaged pages are passed over
     */
    public static RootSearch in(MemoryImage image, List<AddressRange> ram,
            List<AddressRange> lost) throws IOException {
        Pages pages = new Pages(image, ram, lost);
        ContextWalk walk = new ContextWalk(pages);
        List<RootCandidate> verified = new ArrayList<>();
        List<RootCandidate> rejected = new ArrayList<>();
        byte[] head = new byte[HEAD_BYTES];
        byte[] page = new byte[Shape.PAGE_BYTES];
        long count = 0;
        int shaped = 0;
        PackedRanges runs = pages.present();
        for (int run = 0; run < runs.size(); run++) {
            for (long at = runs.start(run); at < runs.end(run); at += Shape.PAGE_BYTES) {
                count++;
                if (!pages.read(at, head, HEAD_BYTES) || !hasShape(head, HEAD_BYTES)
                        || !pages.read(at, page, page.length) || !isRoot(page, pages)) {
                    continue;
                }
                shaped++;
                RootCandidate best = better(walk.walk(at, page, false),
                        walk.walk(at, page, true));
                if (best.isVerified() && verified.size() < MAX_VERIFIED) {
                    verified.add(best);
                } else if (!best.requesters().isEmpty() && rejected.size() < MAX_VERIFIED) {
                    rejected.add(best);
                }
            }
        }
        verified.sort(BEST_FIRST);
        rejected.sort(BEST_FIRST);
        return new RootSearch(count, shaped, verified,
                rejected.subList(0, Math.min(MAX_REJECTED, rejected.size())));
    }

    private static boolean hasShape(byte[] page, int bytes) {
        for (int i = 0; i < bytes / 8; i++) {
            if (!Shape.isRootHalf(Pages.word(page, i))) {
                return false;
            }
        }
        return true;
    }

    /** A root table leads to pages that are there, to at least one. Most pages are all zero. */
    private static boolean isRoot(byte[] page, Pages pages) {
        int first = Arrays.mismatch(page, ZERO);
        if (first < 0) {
            return false;
        }
        boolean leads = false;
        for (int i = first / 8; i < Shape.PAGE_BYTES / 8; i++) {
            long half = Pages.word(page, i);
            if (half == 0) {
                continue;
            }
            boolean held = pages.isPresent(half & Shape.ADDRESS);
            if (!Shape.isRootHalf(half) || !held && !pages.isLost(half & Shape.ADDRESS)) {
                return false;
            }
            leads |= held;
        }
        return leads;
    }

    /** The upper halves of a legacy table are zero, and so may be those of a scalable one. */
    private static RootCandidate better(RootCandidate legacy, RootCandidate scalable) {
        boolean scalableWins = scalable.isVerified() && (!legacy.isVerified()
                || scalable.requesters().size() > legacy.requesters().size());
        return scalableWins ? scalable : legacy;
    }
}
