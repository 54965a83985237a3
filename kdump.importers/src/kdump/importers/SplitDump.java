// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import kdump.importers.bytes.Content;
import kdump.importers.dump.Dump;
import kdump.importers.dump.PackedRanges;
import kdump.importers.dump.VmcoreInfo;
import kdump.importers.kdump.KdumpFile;
import kdump.importers.kdump.SplitPart;

/** A dump that makedumpfile split into several files, which lie in one directory. */
final class SplitDump {

    private static final int PAGE_SHIFT = 12;

    private SplitDump() { }

    /**
     * Opens the dump that a part belongs to, with the parts that lie beside it.
     *
     * @throws FormatException if parts overlap
     */
    static Dump open(Path file, SplitPart part) throws IOException {
        Map<Path, SplitPart> parts = partsBeside(file, part);
        NavigableMap<Long, MemoryImage> images = new TreeMap<>();
        VmcoreInfo info = VmcoreInfo.NONE;
        List<String> remarks = new ArrayList<>();
        List<AddressRange> memory = List.of();
        List<AddressRange> lost = new ArrayList<>();
        long end = 0;
        for (var each : parts.entrySet().stream().sorted((a, b) -> Long.compare(
                a.getValue().firstPage(), b.getValue().firstPage())).toList()) {
            SplitPart here = each.getValue();
            if (here.firstPage() < end) {
                throw new FormatException(each.getKey().toString(), 0, "start_pfn",
                        "0x" + Long.toHexString(here.firstPage()), "0x" + Long.toHexString(end)
                                + " or more, where the part before ends");
            }
            remark(end, here.firstPage(), remarks);
            Dump dump = KdumpFile.read(Content.open(each.getKey()));
            images.put(here.firstPage() << PAGE_SHIFT, dump.image());
            remarks.addAll(dump.remarks());
            memory = dump.memory();
            lost.addAll(dump.lost());
            info = info == VmcoreInfo.NONE ? dump.vmcoreInfo() : info;
            end = here.endPage();
        }
        remark(end, part.pages(), remarks);
        return new Dump(Joined.of(images), memory, lost, info, remarks);
    }

    private static void remark(long from, long to, List<String> remarks) {
        if (from < to) {
            remarks.add("No part of the split dump with pages 0x" + Long.toHexString(from)
                    + " to 0x" + Long.toHexString(to - 1) + " is here.");
        }
    }

    /** Returns the parts of the dump in the directory of one of them, that one always. */
    private static Map<Path, SplitPart> partsBeside(Path file, SplitPart part)
            throws IOException {
        Map<Path, SplitPart> parts = new TreeMap<>(Map.of(file, part));
        Path directory = file.toAbsolutePath().getParent();
        for (Path other : DumpChoice.files(directory)) {
            if (!other.getFileName().equals(file.getFileName())) {
                SplitPart found = partOf(other);
                if (part.goesWith(found) && parts.values().stream()
                        .noneMatch(p -> p.firstPage() == found.firstPage())) {
                    parts.put(other, found);
                }
            }
        }
        return parts;
    }

    /** Returns null for a file that is no part, or cannot be read: it is somebody else's. */
    static SplitPart partOf(Path file) throws IOException {
        try {
            return DumpChoice.isKdump(file) ? KdumpFile.part(Content.open(file)) : null;
        } catch (FormatException e) {
            return null;
        }
    }

    /** The parts as one memory. */
    private record Joined(NavigableMap<Long, MemoryImage> parts, PackedRanges ranges)
            implements MemoryImage {

        static Joined of(NavigableMap<Long, MemoryImage> parts) {
            var all = new PackedRanges.Builder();
            parts.values().forEach(p -> p.ranges().forEach(r -> all.add(r.start(), r.end())));
            return new Joined(parts, all.build());
        }

        @Override
        public void read(long address, byte[] to, int offset, int bytes) throws IOException {
            ranges.require(address, bytes);
            for (int done = 0; done < bytes;) {
                long at = address + done;
                Long next = parts.higherKey(at);
                int piece = (int) Math.min(bytes - done, next == null ? bytes : next - at);
                parts.floorEntry(at).getValue().read(at, to, offset + done, piece);
                done += piece;
            }
        }
    }
}
