// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import io.airlift.compress.Compressor;
import io.airlift.compress.lzo.LzoCompressor;
import io.airlift.compress.snappy.SnappyCompressor;
import io.airlift.compress.zstd.ZstdCompressor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.zip.Deflater;
import kdump.importers.bytes.Content;

/** Builds kdump-compressed files for tests. */
public final class KdumpBytes {

    private static final int PAGE = 4096;

    private record Page(byte[] bytes, int flags) { }

    private final TreeMap<Long, Page> pages = new TreeMap<>();
    private final List<Long> excluded = new ArrayList<>();
    private final long maxPage;
    private int version = 6;
    private String machine = "x86_64";
    private int status = 1;
    private String info = "";
    private byte[] notes = new byte[0];
    private long splitStart = -1;
    private long splitEnd;

    /** Makes a file whose bitmaps cover {@code maxPage} pages. */
    public KdumpBytes(long maxPage) {
        this.maxPage = maxPage;
    }

    /** Sets the version of the header, 1 to 6. */
    public KdumpBytes version(int value) {
        version = value;
        return this;
    }

    KdumpBytes machine(String value) {
        machine = value;
        return this;
    }

    KdumpBytes status(int value) {
        status = value;
        return this;
    }

    /** Sets the text of VMCOREINFO. */
    public KdumpBytes info(String value) {
        info = value;
        return this;
    }

    KdumpBytes notes(byte[] value) {
        notes = value;
        return this;
    }

    /** Makes the file the part of a split dump with these pages. */
    public KdumpBytes split(long start, long end) {
        splitStart = start;
        splitEnd = end;
        return this;
    }

    /** Adds the page with number {@code page}, packed as {@code flags} say. */
    public KdumpBytes page(long page, byte[] bytes, int flags) {
        pages.put(page, new Page(bytes, flags));
        return this;
    }

    /** Adds a page that the machine has and the file lacks. */
    public KdumpBytes excluded(long page) {
        excluded.add(page);
        return this;
    }

    /** Returns the bytes of a page that says which one it is, and can be packed. */
    public static byte[] content(long page) {
        byte[] bytes = new byte[PAGE];
        for (int at = 0; at < PAGE; at += 16) {
            ByteBuffer.wrap(bytes).putLong(at, page * 0x9e3779b97f4a7c15L).putInt(at + 8, at);
        }
        return bytes;
    }

    /** Returns the file. */
    public byte[] file() {
        int half = (int) ((maxPage + 8L * PAGE - 1) / (8L * PAGE)) * PAGE;
        int descriptors = 2 * PAGE + 2 * half;
        long held = splitStart < 0 ? pages.size()
                : pages.subMap(splitStart, splitEnd).size();
        ByteBuffer head = ByteBuffer.allocate(descriptors + (int) held * 24)
                .order(ByteOrder.LITTLE_ENDIAN);
        putHeader(head, half);
        for (long page : excluded) {
            int place = 2 * PAGE + (int) page / 8;
            head.put(place, (byte) (head.get(place) | 1 << page % 8));
        }
        var data = new ByteArrayOutputStream();
        int at = descriptors;
        for (var entry : pages.entrySet()) {
            long page = entry.getKey();
            int bit = (int) page;
            for (int bitmap = 0; bitmap < 2; bitmap++) {
                int place = 2 * PAGE + bitmap * half + bit / 8;
                head.put(place, (byte) (head.get(place) | 1 << bit % 8));
            }
            if (splitStart >= 0 && (page < splitStart || page >= splitEnd)) {
                continue;
            }
            byte[] packed = pack(entry.getValue());
            head.putLong(at, head.capacity() + data.size()).putInt(at + 8, packed.length)
                    .putInt(at + 12, entry.getValue().flags());
            at += 24;
            data.writeBytes(packed);
        }
        byte[] file = Arrays.copyOf(head.array(), head.capacity() + data.size());
        System.arraycopy(data.toByteArray(), 0, file, head.capacity(), data.size());
        return file;
    }

    private void putHeader(ByteBuffer head, int half) {
        head.put(0, "KDUMP   ".getBytes(StandardCharsets.ISO_8859_1)).putInt(8, version);
        head.put(12, "Linux".getBytes(StandardCharsets.ISO_8859_1));
        head.put(272, machine.getBytes(StandardCharsets.ISO_8859_1));
        head.putInt(424, status).putInt(428, PAGE).putInt(432, 1).putInt(436, half / PAGE * 2);
        head.putInt(440, (int) maxPage);
        if (splitStart >= 0) {
            head.putInt(PAGE + 12, 1).putLong(PAGE + 16, splitStart).putLong(PAGE + 24, splitEnd);
            head.putLong(PAGE + 80, splitStart).putLong(PAGE + 88, splitEnd);
        }
        byte[] text = info.getBytes(StandardCharsets.ISO_8859_1);
        head.putLong(PAGE + 32, PAGE + 512).putLong(PAGE + 40, text.length).put(PAGE + 512, text);
        head.putLong(PAGE + 48, PAGE + 1024).putLong(PAGE + 56, notes.length)
                .put(PAGE + 1024, notes);
        head.putLong(PAGE + 96, version < 6 ? 0 : maxPage);
    }

    private static byte[] pack(Page page) {
        byte[] room = new byte[2 * PAGE];
        int bytes;
        switch (page.flags()) {
            case PageCodec.ZLIB -> {
                Deflater deflater = new Deflater();
                deflater.setInput(page.bytes());
                deflater.finish();
                bytes = deflater.deflate(room);
                deflater.end();
            }
            case PageCodec.LZO -> bytes = pack(new LzoCompressor(), page.bytes(), room);
            case PageCodec.SNAPPY -> bytes = pack(new SnappyCompressor(), page.bytes(), room);
            case PageCodec.ZSTD -> bytes = pack(new ZstdCompressor(), page.bytes(), room);
            default -> {
                return page.bytes();
            }
        }
        return Arrays.copyOf(room, bytes);
    }

    private static int pack(Compressor compressor, byte[] page, byte[] room) {
        return compressor.compress(page, 0, page.length, room, 0, room.length);
    }

    /** Returns a file in flattened form, its records in the order of {@code pieces}. */
    public static byte[] flattened(byte[] file, int... pieces) {
        var out = new ByteArrayOutputStream();
        ByteBuffer header = ByteBuffer.allocate(4096);
        header.put("makedumpfile".getBytes(StandardCharsets.ISO_8859_1));
        out.writeBytes(header.putLong(16, 1).putLong(24, 1).array());
        for (int i = 0; i + 1 < pieces.length; i += 2) {
            record(out, pieces[i], Arrays.copyOfRange(file, pieces[i], pieces[i + 1]));
        }
        out.writeBytes(ByteBuffer.allocate(16).putLong(-1).putLong(-1).array());
        return out.toByteArray();
    }

    private static void record(ByteArrayOutputStream out, long offset, byte[] bytes) {
        out.writeBytes(ByteBuffer.allocate(16).putLong(offset).putLong(bytes.length).array());
        out.writeBytes(bytes);
    }

    /** Returns bytes as the content of a file. */
    public static Content content(byte[] bytes) {
        return new Content() {
            @Override
            public String name() {
                return "dump";
            }

            @Override
            public long bytes() {
                return bytes.length;
            }

            @Override
            public void read(long offset, byte[] to, int at, int count) {
                System.arraycopy(bytes, Math.toIntExact(offset), to, at, count);
            }
        };
    }
}
