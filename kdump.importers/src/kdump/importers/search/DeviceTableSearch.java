// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import kdump.importers.dump.PackedRanges;
import kdump.importers.search.TableWalk.Count;

/**
 * Looks through all pages of an image for device tables of AMD-Vi: neighbouring pages of nothing
 * but entries, at an address aligned to their number rounded up to a power of two, as kernels
 * allocate them.
 *
 * @param pages number of pages looked at
 * @param shaped number of stretches that have the shape of a device table
 * @param verified the tables, the one with most mappings first, then with most devices, then by
 *     address
 */
public record DeviceTableSearch(long pages, int shaped, List<DeviceTableCandidate> verified) {

    /** Bytes of a page that are looked at first: enough to reject nearly every page in use. */
    private static final int HEAD_BYTES = 64;
    /** Pages of the largest table, for 65536 devices. */
    private static final int MAX_PAGES = 512;
    /** Most tables kept: no machine has as many units. */
    private static final int MAX_VERIFIED = 1024;

    /** Copies the list. */
    public DeviceTableSearch {
        verified = List.copyOf(verified);
    }

    /**
     * Searches an image.
     *
     * @param ram where mappings are expected to lead, by address and apart
     * @throws IOException if the dump cannot be read; damaged pages are passed over
     */
    public static DeviceTableSearch in(MemoryImage image, List<AddressRange> ram)
            throws IOException {
        Pages pages = new Pages(image, ram, List.of());
        HostTableWalk walk = new HostTableWalk(pages);
        List<DeviceTableCandidate> verified = new ArrayList<>();
        byte[] page = new byte[Shape.PAGE_BYTES];
        long count = 0;
        int shaped = 0;
        PackedRanges runs = pages.present();
        for (int run = 0; run < runs.size(); run++) {
            long end = runs.end(run);
            for (long at = runs.start(run); at < end;) {
                int length = 0;
                while (length < MAX_PAGES && at + (long) length * Shape.PAGE_BYTES < end
                        && isTable(pages, at + (long) length * Shape.PAGE_BYTES, page)) {
                    length++;
                }
                count += Math.max(1, length);
                if (length > 0) {
                    shaped++;
                    DeviceTableCandidate found = candidate(pages, walk, at, length);
                    if (found != null && found.isVerified() && verified.size() < MAX_VERIFIED) {
                        verified.add(found);
                    }
                }
                at += (long) Math.max(1, length) * Shape.PAGE_BYTES;
            }
        }
        verified.sort(Comparator.comparingLong(DeviceTableCandidate::leaves).reversed()
                .thenComparing(c -> c.requesters().size(), Comparator.reverseOrder())
                .thenComparing(DeviceTableCandidate::address));
        return new DeviceTableSearch(count, shaped, verified);
    }

    /** A page of entries, one of them valid at least. */
    private static boolean isTable(Pages pages, long at, byte[] page) throws IOException {
        if (!pages.read(at, page, HEAD_BYTES) || valid(page, HEAD_BYTES) < 0
                || !pages.read(at, page, page.length)) {
            return false;
        }
        return valid(page, page.length) > 0;
    }

    /** Returns the number of valid entries; -1 if something is no entry. */
    private static int valid(byte[] page, int bytes) {
        int valid = 0;
        for (int i = 0; i < bytes / 8; i += 4) {
            long q0 = Pages.word(page, i);
            if (!AmdShape.isEntry(q0, Pages.word(page, i + 1), Pages.word(page, i + 2),
                    Pages.word(page, i + 3))) {
                return -1;
            }
            valid += (q0 & AmdShape.VALID) != 0 ? 1 : 0;
        }
        return valid;
    }

    /** Returns the table that begins in a stretch; null if none is aligned. */
    private static DeviceTableCandidate candidate(Pages pages, HostTableWalk walk, long start,
            int length) throws IOException {
        for (int skipped = 0; skipped < length; skipped++) {
            long base = start + (long) skipped * Shape.PAGE_BYTES;
            int size = Integer.highestOneBit(2 * (length - skipped) - 1);
            if (base % ((long) size * Shape.PAGE_BYTES) == 0) {
                return walked(pages, walk, base, length - skipped, size);
            }
        }
        return null;
    }

    private static DeviceTableCandidate walked(Pages pages, HostTableWalk walk, long base,
            int length, int size) throws IOException {
        int whole = length;
        while (whole < size && pages.isPresent(base + (long) whole * Shape.PAGE_BYTES)) {
            whole++;
        }
        List<Integer> requesters = new ArrayList<>();
        int valid = 0;
        int broken = 0;
        long leaves = 0;
        long inRam = 0;
        for (int p = 0; p < length; p++) {
            byte[] page = pages.page(base + (long) p * Shape.PAGE_BYTES);
            for (int i = 0; page != null && i < Shape.PAGE_BYTES; i += AmdShape.ENTRY_BYTES) {
                long q0 = Pages.word(page, i / 8);
                valid += (q0 & AmdShape.VALID) != 0 ? 1 : 0;
                if ((q0 & AmdShape.TRANSLATES) == 0 || !AmdShape.grants(q0)) {
                    continue;
                }
                Count count = AmdShape.mode(q0) == 0 ? new Count(0, 0)
                        : walk.count(q0 & Shape.ADDRESS, AmdShape.mode(q0));
                if (count == TableWalk.BROKEN) {
                    broken++;
                } else {
                    requesters.add((p * Shape.PAGE_BYTES + i) / AmdShape.ENTRY_BYTES);
                    leaves += count.leaves();
                    inRam += count.inRam();
                }
            }
        }
        return new DeviceTableCandidate(base, whole == size ? size : length, valid, requesters,
                broken, leaves, inRam);
    }
}
