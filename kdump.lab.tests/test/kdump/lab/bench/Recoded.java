// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import io.airlift.compress.Compressor;
import io.airlift.compress.lzo.LzoCompressor;
import io.airlift.compress.snappy.SnappyCompressor;
import io.airlift.compress.zstd.ZstdCompressor;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** One dump in other formats, for benchmarks: the same pages, packed otherwise. */
final class Recoded {

    private static final int PAGE = 4096;
    private static final int DESCRIPTOR = 24;
    private static final int ZLIB = 1;

    private Recoded() { }

    /** Writes the memory as an ELF core with one segment a range. */
    static Path elf(MemoryImage image, Path file) throws IOException {
        List<AddressRange> ranges = image.ranges();
        long data = 64 + 56L * ranges.size() + PAGE - 1 & -PAGE;
        ByteBuffer head = ByteBuffer.allocate((int) data).order(ByteOrder.LITTLE_ENDIAN);
        head.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).putShort(16, (short) 4)
                .putShort(18, (short) 62).putInt(20, 1).putLong(32, 64).putShort(52, (short) 64)
                .putShort(54, (short) 56).putShort(56, (short) ranges.size());
        head.position(64);
        for (AddressRange range : ranges) {
            head.putInt(1).putInt(7).putLong(data).putLong(0).putLong(range.start())
                    .putLong(range.bytes()).putLong(range.bytes()).putLong(0);
            data += range.bytes();
        }
        byte[] page = new byte[PAGE];
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            out.write(head.array());
            for (AddressRange range : ranges) {
                for (long at = range.start(); at < range.end(); at += PAGE) {
                    int bytes = (int) Math.min(PAGE, range.end() - at);
                    image.read(at, page, 0, bytes);
                    out.write(page, 0, bytes);
                }
            }
        }
        return file;
    }

    /** Writes a kdump-compressed file again with each page that zlib packs packed otherwise. */
    static Path kdump(Path zlib, String packing) throws IOException {
        Compressor packer = switch (packing) {
            case "lzo" -> new LzoCompressor();
            case "snappy" -> new SnappyCompressor();
            default -> new ZstdCompressor();
        };
        int flag = packing.equals("lzo") ? 2 : packing.equals("snappy") ? 4 : 0x20;
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(zlib)).order(ByteOrder.LITTLE_ENDIAN);
        int bitmaps = (1 + file.getInt(432)) * PAGE;
        int half = file.getInt(436) / 2 * PAGE;
        int descriptors = bitmaps + 2 * half;
        int pages = 0;
        for (int at = bitmaps + half; at < descriptors; at++) {
            pages += Integer.bitCount(file.get(at) & 0xff);
        }
        Path copy = zlib.resolveSibling("pageread." + packing);
        byte[] page = new byte[PAGE];
        byte[] packed = new byte[packer.maxCompressedLength(PAGE)];
        ByteBuffer head = ByteBuffer.allocate(descriptors + pages * DESCRIPTOR)
                .order(ByteOrder.LITTLE_ENDIAN);
        head.put(file.array(), 0, descriptors);
        try (var out = new DataOutputStream(new BufferedOutputStream(
                Files.newOutputStream(copy)))) {
            out.write(head.array());
            for (int i = 0; i < pages; i++) {
                int at = descriptors + i * DESCRIPTOR;
                unpack(file, at, page);
                int bytes = packer.compress(page, 0, PAGE, packed, 0, packed.length);
                boolean raw = bytes >= PAGE;
                head.putLong(at, out.size()).putInt(at + 8, raw ? PAGE : bytes)
                        .putInt(at + 12, raw ? 0 : flag);
                out.write(raw ? page : packed, 0, raw ? PAGE : bytes);
            }
        }
        try (var out = java.nio.channels.FileChannel.open(copy,
                java.nio.file.StandardOpenOption.WRITE)) {
            out.write(head.rewind(), 0);
        }
        return copy;
    }

    private static void unpack(ByteBuffer file, int descriptor, byte[] page) throws IOException {
        int offset = Math.toIntExact(file.getLong(descriptor));
        int size = file.getInt(descriptor + 8);
        if (file.getInt(descriptor + 12) != ZLIB) {
            System.arraycopy(file.array(), offset, page, 0, PAGE);
            return;
        }
        var inflater = new Inflater();
        try {
            inflater.setInput(file.array(), offset, size);
            inflater.inflate(page);
        } catch (DataFormatException e) {
            throw new IOException(e);
        } finally {
            inflater.end();
        }
    }
}
