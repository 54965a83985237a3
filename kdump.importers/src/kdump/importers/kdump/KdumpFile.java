// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.Content;
import kdump.importers.dump.Dump;
import kdump.importers.dump.PackedRanges;
import kdump.importers.dump.VmcoreInfo;

/**
 * Kdump-compressed files of x86-64 machines, plain or flattened.
 *
 * <p>The second bitmap says which pages the file holds; each has a descriptor, and several may
 * share their bytes, as zero pages do. Descriptors and bytes are looked at when a page is read.
 */
public final class KdumpFile {

    /** Names of machine and kernel, and the time: utsname and timestamp of disk_dump_header. */
    private static final int IDENTITY = 12;
    private static final int IDENTITY_BYTES = 424 - IDENTITY;

    private KdumpFile() { }

    /**
     * Returns the real file of one in flattened form, whatever it is; any other file itself.
     *
     * @throws FormatException if it is damaged
     */
    public static Content inOrder(Content content) throws IOException {
        return Flattened.isFlattened(content) ? Flattened.rearrange(content) : content;
    }

    /**
     * Reads headers and bitmap; the memory stays in {@code content}.
     *
     * @throws FormatException if it is no such file
     */
    public static Dump read(Content content) throws IOException {
        Content rearranged = inOrder(content);
        KdumpHeader header = new KdumpHeaderReader(rearranged).read();
        if (!rearranged.holds(header.bitmapOffset(), 1)) {
            throw new FormatException(content.name(), content.bytes(), "flattened",
                    "end of the file", "records of the header and of bitmap2");
        }
        PageIndex index = PageIndex.read(rearranged, header);
        long descriptorBytes = index.pages() * KdumpImage.DESCRIPTOR_BYTES;
        if (header.descriptorOffset() > rearranged.bytes() - descriptorBytes) {
            throw new FormatException(rearranged.name(), header.descriptorOffset(), "page_desc",
                    "end of the file at 0x" + Long.toHexString(rearranged.bytes()),
                    "descriptors of 0x" + Long.toHexString(index.pages()) + " pages");
        }
        List<String> remarks = new ArrayList<>();
        if ((header.status() & KdumpHeader.INCOMPLETE) != 0) {
            remarks.add("The dump says of itself that it is incomplete.");
        }
        if (!rearranged.holds(header.bitmapOffset(), header.pages() + 7 >> 3)) {
            remarks.add("The dump breaks off within its second bitmap: not all pages that it was to"
                    + " hold are known.");
        }
        if (header.split()) {
            remarks.add(content.name() + " is a part of a split dump: pages 0x"
                    + Long.toHexString(header.firstPage()) + " to 0x"
                    + Long.toHexString(header.endPage() - 1) + " of 0x"
                    + Long.toHexString(header.pages()) + ".");
        }
        PackedRanges present = Truncation.present(rearranged, header.descriptorOffset(), index,
                (header.status() & KdumpHeader.INCOMPLETE) != 0, remarks);
        return new Dump(new KdumpImage(rearranged, header.descriptorOffset(), index, present),
                PageIndex.memory(rearranged, header), index.runs().without(present),
                vmcoreInfo(rearranged, header), remarks);
    }

    /**
     * Returns which part of a split dump a file is; null if it is a whole one.
     *
     * @throws FormatException if it is no such file
     */
    public static SplitPart part(Content content) throws IOException {
        Content rearranged = inOrder(content);
        KdumpHeader header = new KdumpHeaderReader(rearranged).read();
        return !header.split() ? null : new SplitPart(header.firstPage(), header.endPage(),
                header.pages(), rearranged.facts(IDENTITY, IDENTITY_BYTES).text(0, IDENTITY_BYTES,
                        "disk_dump_header"));
    }

    private static VmcoreInfo vmcoreInfo(Content content, KdumpHeader header) throws IOException {
        VmcoreInfo info = VmcoreInfo.of(bytes(content, header.vmcoreInfo()));
        return info == VmcoreInfo.NONE ? VmcoreInfo.ofNotes(bytes(content, header.notes())) : info;
    }

    private static byte[] bytes(Content content, KdumpHeader.Place place) throws IOException {
        byte[] bytes = new byte[place.bytes()];
        content.read(place.offset(), bytes, 0, bytes.length);
        return bytes;
    }
}
