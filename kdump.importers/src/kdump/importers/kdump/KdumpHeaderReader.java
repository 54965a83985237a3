// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import iommu.api.machine.FormatException;
import java.io.IOException;
import kdump.importers.bytes.ByteFacts;
import kdump.importers.bytes.Content;

/**
 * Reads the headers of a kdump-compressed file of an x86-64 machine.
 *
 * <p>Source: makedumpfile, IMPLEMENTATION, "The kdump-compressed format"; versions 1 to 6.
 */
final class KdumpHeaderReader {

    static final int PAGE_BYTES = 4096;

    /**
     * Most page frames, 8 TiB of them: their bitmap alone is 256 MiB of file, and memory above is
     * beyond what can be simulated.
     */
    static final long MAX_PAGES = 1L << 31;

    private static final String SIGNATURE = "KDUMP   ";
    private static final int HEADER_BYTES = 464;
    private static final int SUB_HEADER_BYTES = 104;
    private static final int LATEST_VERSION = 6;
    private static final int MAX_NOTE_BYTES = 16 << 20;

    /** Most blocks of sub-header, which holds the notes too: 16 MiB of them. */
    private static final int MAX_SUB_HEADER_BLOCKS = 1 << 12;

    private final Content content;
    private final ByteFacts header;

    KdumpHeaderReader(Content content) throws IOException {
        this.content = content;
        header = content.facts(0, (int) Math.min(content.bytes(), HEADER_BYTES));
    }

    KdumpHeader read() throws IOException {
        checkMachine();
        int version = (int) header.u32(8, "header_version");
        require(8, "header_version", version, version >= 1 && version <= LATEST_VERSION, "1 to 6");
        long blockBytes = header.u32(428, "block_size");
        require(428, "block_size", blockBytes, blockBytes == PAGE_BYTES, "0x1000");
        long subBlocks = header.u32(432, "sub_hdr_size");
        require(432, "sub_hdr_size", subBlocks, subBlocks >= 1
                && subBlocks <= MAX_SUB_HEADER_BLOCKS, "1 to " + MAX_SUB_HEADER_BLOCKS);
        long bitmapBlocks = header.u32(436, "bitmap_blocks");
        ByteFacts sub = subHeader();
        long pages = version >= 6 ? sub.u64(96, "max_mapnr_64") : header.u32(440, "max_mapnr");
        boolean wide = version >= 6;
        require(wide ? PAGE_BYTES + 96 : 440, wide ? "max_mapnr_64" : "max_mapnr", pages,
                pages >= 0 && pages <= MAX_PAGES, "at most 0x" + Long.toHexString(MAX_PAGES));
        long bitmap = (1 + subBlocks) * PAGE_BYTES;
        long half = bitmapBlocks / 2 * PAGE_BYTES;
        require(436, "bitmap_blocks", bitmapBlocks, bitmapBlocks % 2 == 0 && half >= pages + 7 >> 3
                && bitmap + 2 * half <= content.bytes(), "two bitmaps of 0x"
                + Long.toHexString(pages) + " pages, within the file");
        boolean split = version >= 2 && sub.u32(12, "split") != 0;
        long first = !split ? 0 : wide ? sub.u64(80, "start_pfn_64") : sub.u64(16, "start_pfn");
        long end = !split ? pages : wide ? sub.u64(88, "end_pfn_64") : sub.u64(24, "end_pfn");
        require(PAGE_BYTES + (wide ? 80 : 16), "start_pfn", first,
                first >= 0 && first <= end && end <= pages, "a start and an end within max_mapnr");
        return new KdumpHeader(version, (int) header.u32(424, "status"), pages, bitmap + half,
                bitmap + 2 * half, first, end, split,
                version < 3 ? new KdumpHeader.Place(0, 0) : place(sub, 32, "vmcoreinfo"),
                version < 4 ? new KdumpHeader.Place(0, 0) : place(sub, 48, "note"));
    }

    private void checkMachine() throws FormatException {
        header.need(0, HEADER_BYTES, "disk_dump_header");
        String signature = header.text(0, SIGNATURE.length(), "signature");
        if (!signature.equals(SIGNATURE)) {
            throw header.wrong(0, "signature", signature.replaceAll("[^ -~]", "."), SIGNATURE);
        }
        StringBuilder machine = new StringBuilder();
        for (int at = 272; at < 337 && header.u8(at, "utsname.machine") != 0; at++) {
            machine.append((char) header.u8(at, "utsname.machine"));
        }
        if (!machine.toString().equals("x86_64")) {
            throw header.wrong(272, "utsname.machine", machine.toString(), "x86_64");
        }
    }

    /** Returns the sub-header, without the fields that its version does not have yet. */
    private ByteFacts subHeader() throws IOException {
        int bytes = (int) Math.min(SUB_HEADER_BYTES, Math.max(0, content.bytes() - PAGE_BYTES));
        ByteFacts sub = content.facts(Math.min(PAGE_BYTES, content.bytes()), bytes);
        sub.need(0, SUB_HEADER_BYTES, "kdump_sub_header");
        return sub;
    }

    /** A part that does not lie within the file is no reason to refuse the memory. */
    private KdumpHeader.Place place(ByteFacts sub, int at, String name) throws FormatException {
        long offset = sub.u64(at, "offset_" + name);
        long bytes = sub.u64(at + 8, "size_" + name);
        boolean fits = offset > 0 && bytes > 0 && bytes <= MAX_NOTE_BYTES
                && offset <= content.bytes() - bytes;
        return fits ? new KdumpHeader.Place(offset, (int) bytes) : new KdumpHeader.Place(0, 0);
    }

    private void require(int offset, String field, long found, boolean holds, String expected)
            throws FormatException {
        if (!holds) {
            throw header.wrong(offset, field, found, expected);
        }
    }
}
