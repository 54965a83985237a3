// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import kdump.importers.bytes.ByteFacts;
import kdump.importers.bytes.Content;
import kdump.importers.dump.PackedRanges;

/** The pages of a kdump-compressed file as memory, unpacked as they are read. Thread-safe. */
final class KdumpImage implements MemoryImage {

    static final int DESCRIPTOR_BYTES = 24;

    private static final int PAGE_BYTES = KdumpHeaderReader.PAGE_BYTES;

    /** Pages kept unpacked, 4 MiB of them: the tables of a machine with many mappings fit. */
    private static final int CACHED_PAGES = 1024;

    /** A page unpacked. Its final fields make it safe to pass from thread to thread by a race. */
    private record Page(long address, byte[] bytes) { }

    private final Content content;
    private final long descriptorOffset;
    private final PageIndex index;
    private final PackedRanges present;
    private final Page[] cache = new Page[CACHED_PAGES];
    private final ConcurrentLinkedDeque<PageCodec> codecs = new ConcurrentLinkedDeque<>();

    /** @param present pages of the index whose bytes are there */
    KdumpImage(Content content, long descriptorOffset, PageIndex index, PackedRanges present) {
        this.content = content;
        this.descriptorOffset = descriptorOffset;
        this.index = index;
        this.present = present;
    }

    @Override
    public List<AddressRange> ranges() {
        return present;
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) throws IOException {
        if (bytes > PAGE_BYTES - ((int) address & PAGE_BYTES - 1) || address < 0) {
            present.require(address, bytes);
        }
        for (int done = 0; done < bytes;) {
            int inPage = (int) (address + done) & PAGE_BYTES - 1;
            int piece = Math.min(bytes - done, PAGE_BYTES - inPage);
            System.arraycopy(page(address + done - inPage), inPage, to, offset + done, piece);
            done += piece;
        }
    }

    private byte[] page(long address) throws IOException {
        int slot = (int) (address >>> PageIndex.PAGE_SHIFT) & CACHED_PAGES - 1;
        Page cached = cache[slot];
        if (cached == null || cached.address() != address) {
            present.require(address, PAGE_BYTES);
            cached = new Page(address, unpacked(address));
            cache[slot] = cached;
        }
        return cached.bytes();
    }

    private byte[] unpacked(long address) throws IOException {
        long place = descriptorOffset + index.descriptorOf(address) * DESCRIPTOR_BYTES;
        ByteFacts descriptor = content.facts(place, DESCRIPTOR_BYTES);
        long offset = descriptor.u64(0, "page_desc.offset");
        long size = descriptor.u32(8, "page_desc.size");
        long flags = descriptor.u32(12, "page_desc.flags");
        String of = ", of the page at 0x" + Long.toHexString(address);
        if (!PageCodec.knows(flags)) {
            throw descriptor.wrong(12, "page_desc.flags", flags,
                    "0x0, 0x1, 0x2, 0x4 or 0x20" + of);
        }
        if (size == 0 || size > PAGE_BYTES || flags == PageCodec.RAW && size != PAGE_BYTES) {
            throw descriptor.wrong(8, "page_desc.size", size, (flags == PageCodec.RAW
                    ? "0x1000, as flags are 0" : "0x1 to 0x1000") + of);
        }
        if (offset < 0 || offset > content.bytes() - size) {
            throw descriptor.wrong(0, "page_desc.offset", offset, "0x" + Long.toHexString(size)
                    + " bytes within the file's 0x" + Long.toHexString(content.bytes()) + of);
        }
        byte[] stored = new byte[(int) size];
        content.read(offset, stored, 0, stored.length);
        return flags == PageCodec.RAW ? stored : unpack(address, offset, (int) flags, stored);
    }

    private byte[] unpack(long address, long offset, int flags, byte[] stored)
            throws FormatException {
        byte[] page = new byte[PAGE_BYTES];
        PageCodec codec = codecs.poll();
        codec = codec == null ? new PageCodec() : codec;
        String wrong = codec.unpack(flags, stored, page);
        if (wrong != null) {
            throw new FormatException(content.name(), offset, "page data", wrong,
                    "4096 bytes, packed as flags 0x" + Integer.toHexString(flags)
                            + " say, of the page at 0x" + Long.toHexString(address));
        }
        codecs.push(codec);
        return page;
    }
}
