// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import java.io.IOException;
import java.util.List;
import kdump.importers.bytes.ByteFacts;
import kdump.importers.bytes.Content;
import kdump.importers.dump.PackedRanges;

/**
 * Which pages a file holds that breaks off: those whose bytes lie before its end. makedumpfile
 * writes bytes of pages in their order, and descriptors as it goes, so that one that was not
 * written is zero. Of a flattened file pieces within may be missing.
 *
 * <p>Source: makedumpfile(8), "vmcore-incomplete"; makedumpfile, IMPLEMENTATION.
 */
final class Truncation {

    private static final int DESCRIPTOR_BYTES = KdumpImage.DESCRIPTOR_BYTES;
    private static final int PAGE_BYTES = KdumpHeaderReader.PAGE_BYTES;
    /** Descriptors at the end that are looked at first: pages of zeros share bytes far before. */
    private static final int LAST = 4096;
    private static final int CHUNK = 4096;

    private final Content content;
    private final long descriptors;
    private final PageIndex index;

    private Truncation(Content content, long descriptors, PageIndex index) {
        this.content = content;
        this.descriptors = descriptors;
        this.index = index;
    }

    /**
     * Returns the pages whose bytes are there.
     *
     * @param descriptors offset of the first descriptor
     * @param incomplete whether the file says that it is
     * @param remarks receives what is absent
     */
    static PackedRanges present(Content content, long descriptors, PageIndex index,
            boolean incomplete, List<String> remarks) throws IOException {
        Truncation truncation = new Truncation(content, descriptors, index);
        if (!incomplete && !content.breaksOff() && !truncation.breaksOff()) {
            return index.runs();
        }
        PackedRanges present = truncation.present();
        long absent = index.runs().bytes() - present.bytes() >>> PageIndex.PAGE_SHIFT;
        if (absent > 0) {
            remarks.add("The dump breaks off at 0x" + Long.toHexString(content.bytes()) + ": 0x"
                    + Long.toHexString(absent) + " of 0x" + Long.toHexString(index.pages())
                    + " pages that it names lie beyond and are absent.");
        }
        return present;
    }

    /** Returns whether bytes of one of the last pages lie behind the end, and not anywhere. */
    private boolean breaksOff() throws IOException {
        long first = Math.max(0, index.pages() - LAST);
        int count = (int) (index.pages() - first);
        ByteFacts last = content.facts(descriptors + first * DESCRIPTOR_BYTES,
                count * DESCRIPTOR_BYTES);
        long most = descriptors + index.pages() * (DESCRIPTOR_BYTES + PAGE_BYTES);
        for (int i = 0; i < count; i++) {
            long offset = last.u64(i * DESCRIPTOR_BYTES, "page_desc.offset");
            long size = last.u32(i * DESCRIPTOR_BYTES + 8, "page_desc.size");
            if (offset > content.bytes() - size && offset >= 0 && offset <= most
                    && size <= PAGE_BYTES) {
                return true;
            }
        }
        return false;
    }

    private PackedRanges present() throws IOException {
        var present = new PackedRanges.Builder();
        PackedRanges runs = index.runs();
        long number = 0;
        for (int run = 0; run < runs.size(); run++) {
            for (long at = runs.start(run); at < runs.end(run);) {
                int count = (int) Math.min(CHUNK, runs.end(run) - at >>> PageIndex.PAGE_SHIFT);
                ByteFacts chunk = content.facts(descriptors + number * DESCRIPTOR_BYTES,
                        count * DESCRIPTOR_BYTES);
                for (int i = 0; i < count; i++, at += PAGE_BYTES) {
                    if (isThere(chunk, i * DESCRIPTOR_BYTES)) {
                        present.add(at, at + PAGE_BYTES);
                    }
                }
                number += count;
            }
        }
        return present.build();
    }

    private boolean isThere(ByteFacts chunk, int at) throws IOException {
        long offset = chunk.u64(at, "page_desc.offset");
        long size = chunk.u32(at + 8, "page_desc.size");
        return size > 0 && offset > 0 && content.holds(offset, size);
    }
}
