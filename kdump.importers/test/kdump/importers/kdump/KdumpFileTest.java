// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import kdump.importers.Bounded;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import kdump.importers.dump.Dump;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KdumpFileTest {

    private static final int DESCRIPTORS = 4 * 4096;

    private static Dump read(byte[] file) throws IOException {
        return KdumpFile.read(KdumpBytes.content(file));
    }

    private static byte[] page(Dump dump, long page) throws IOException {
        byte[] bytes = new byte[4096];
        dump.image().read(page << 12, bytes, 0, 4096);
        return bytes;
    }

    private static KdumpBytes three(int flags) {
        return new KdumpBytes(1000).page(3, KdumpBytes.content(3), flags)
                .page(4, KdumpBytes.content(4), flags).page(900, KdumpBytes.content(900), flags);
    }

    private static byte[] changed(int at, int bytes, long value) {
        byte[] file = three(PageCodec.ZLIB).file();
        var buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes == 4) {
            buffer.putInt(at, (int) value);
        } else {
            buffer.putLong(at, value);
        }
        return file;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4, 0x20})
    void pagesOfEveryPackingAreRead(int flags) throws IOException {
        Dump dump = read(three(flags).file());
        assertThat(dump.image().ranges()).containsExactly(AddressRange.of(0x3000, 0x2000),
                AddressRange.of(900 << 12, 0x1000));
        for (long page : new long[] {900, 3, 4, 3}) {
            assertThat(page(dump, page)).isEqualTo(KdumpBytes.content(page));
        }
        byte[] across = new byte[0x20];
        dump.image().read(0x3ff0, across, 0, 0x20);
        assertThat(across).startsWith(Arrays.copyOfRange(KdumpBytes.content(3), 0xff0, 0x1000))
                .endsWith(Arrays.copyOf(KdumpBytes.content(4), 0x10));
        assertThat(dump.remarks()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void everyVersionOfTheHeaderIsRead(int version) throws IOException {
        Dump dump = read(three(PageCodec.ZLIB).version(version).info("OSRELEASE=6.1\n").file());
        assertThat(page(dump, 900)).isEqualTo(KdumpBytes.content(900));
        assertThat(dump.vmcoreInfo().release()).isEqualTo(version < 3 ? null : "6.1");
    }

    @Test
    void pagesMayShareTheirBytes() throws IOException {
        byte[] file = three(PageCodec.RAW).file();
        System.arraycopy(file, DESCRIPTORS, file, DESCRIPTORS + 24, 24);
        assertThat(page(read(file), 4)).isEqualTo(KdumpBytes.content(3));
    }

    @Seeds(count = 3)
    void thePagesPresentAreThoseOfTheBitmapWhateverItLooksLike(long seed) throws IOException {
        RandomStream random = new RandomStream(seed, "bitmaps");
        for (int round = 0; round < 50; round++) {
            int pages = 1 + random.nextInt(3000);
            BitSet present = new BitSet();
            var file = new KdumpBytes(pages);
            for (int i = random.nextInt(pages); i < pages; i += 1 + random.nextInt(3) *
                    random.nextInt(70)) {
                present.set(i);
                file.page(i, KdumpBytes.content(i), PageCodec.ZLIB);
            }
            Dump dump = read(file.file());
            BitSet found = new BitSet();
            for (AddressRange range : dump.image().ranges()) {
                found.set((int) (range.start() >>> 12), (int) (range.end() >>> 12));
            }
            assertThat(found).isEqualTo(present);
            int last = present.length() - 1;
            assertThat(page(dump, last)).isEqualTo(KdumpBytes.content(last));
        }
    }

    @Test
    void memoryThatIsNotHeldIsTheCallersMistake() throws IOException {
        MemoryImage image = read(three(PageCodec.ZLIB).file()).image();
        for (long address : new long[] {0, 0x2fff, 0x5000, 1L << 40, -0x1000}) {
            assertThatThrownBy(() -> image.read(address, new byte[8], 0, 8))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> image.read(0x4ffc, new byte[8], 0, 8))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPartOfASplitDumpHoldsItsPagesOnly() throws IOException {
        var file = new KdumpBytes(200).split(65, 70);
        for (int page = 60; page < 80; page++) {
            file.page(page, KdumpBytes.content(page), PageCodec.ZLIB);
        }
        Dump dump = read(file.file());
        assertThat(dump.image().ranges()).containsExactly(AddressRange.of(65 << 12, 5 << 12));
        assertThat(page(dump, 69)).isEqualTo(KdumpBytes.content(69));
        assertThat(dump.remarks()).singleElement().asString().contains("0x41 to 0x45 of 0xc8");
    }

    @Test
    void anIncompleteDumpSaysSo() throws IOException {
        assertThat(read(three(PageCodec.ZLIB).status(9).file()).remarks())
                .containsExactly("The dump says of itself that it is incomplete.");
    }

    @Test
    void theNoteSpeaksWhereTheSubHeaderDoesNot() throws IOException {
        byte[] note = new byte[40];
        ByteBuffer.wrap(note).order(ByteOrder.LITTLE_ENDIAN).putInt(11).putInt(13).putInt(0)
                .put("VMCOREINFO".getBytes()).position(24).put("OSRELEASE=7.0".getBytes());
        Dump dump = read(three(PageCodec.ZLIB).notes(note).file());
        assertThat(dump.vmcoreInfo().release()).isEqualTo("7.0");
    }

    @ParameterizedTest
    @CsvSource({
        "8, 4, 0, header_version, 0x0", "8, 4, 7, header_version, 0x7",
        "428, 4, 8192, block_size, 0x2000", "432, 4, 0, sub_hdr_size, 0x0",
        "432, 4, -1, sub_hdr_size, 0xffffffff", "436, 4, 3, bitmap_blocks, 0x3",
        "436, 4, 0, bitmap_blocks, 0x0", "436, 4, -2, bitmap_blocks, 0xfffffffe",
        "4192, 8, -1, max_mapnr_64, 0xffffffffffffffff",
        "4192, 8, 0x80000001, max_mapnr_64, 0x80000001",
        "4192, 8, 0x8001, bitmap_blocks, 0x2"})
    void aWrongHeaderFieldIsRefused(int at, int bytes, String value, String field,
            String found) {
        Refused.with(field, found, () -> read(changed(at, bytes, Long.decode(value))));
    }

    @Test
    void whatTheFlattenedFormHoldsMustBeADump() {
        byte[] other = three(PageCodec.ZLIB).file();
        other[0] = 'k';
        other[1] = 7;
        Refused.at(0, "signature", "k.UMP", () -> read(other));
        Refused.at(0, "signature", "k.UMP",
                () -> read(KdumpBytes.flattened(other, 0, other.length)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"i686", "aarch64", "", "x86_64x"})
    void dumpsOfOtherMachinesAreRefused(String machine) {
        Refused.at(272, "utsname.machine", machine,
                () -> read(three(PageCodec.ZLIB).machine(machine).file()));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 8, -1, page_desc.offset, 0xffffffffffffffff",
        "0, 8, 0x100000, page_desc.offset, 0x100000",
        "8, 4, 0, page_desc.size, 0x0", "8, 4, 4097, page_desc.size, 0x1001",
        "12, 4, 8, page_desc.flags, 0x8", "12, 4, 3, page_desc.flags, 0x3"})
    void aBadDescriptorIsRefusedWhenItsPageIsRead(int at, int bytes, String value, String field,
            String found) throws IOException {
        Dump dump = read(changed(DESCRIPTORS + 24 + at, bytes, Long.decode(value)));
        assertThat(page(dump, 3)).isEqualTo(KdumpBytes.content(3));
        Refused.at(DESCRIPTORS + 24 + at, field, found, () -> page(dump, 4));
        assertThatThrownBy(() -> page(dump, 4)).hasMessageContaining("the page at 0x4000");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 0x20})
    void damagedPagesAreRefused(int flags) throws IOException {
        byte[] file = three(flags).file();
        int data = DESCRIPTORS + 3 * 24;
        Arrays.fill(file, data, data + 12, (byte) 0x5a);
        Refused.at(data, "page data", "", () -> page(read(file), 3));
    }

    @Test
    void pagesThatUnpackToLessOrMoreAreRefused() throws IOException {
        Refused.with("page data", "100 bytes", () -> page(read(
                new KdumpBytes(8).page(1, new byte[100], PageCodec.ZLIB).file()), 1));
        Refused.with("page data", "4097 bytes", () -> page(read(
                new KdumpBytes(8).page(1, new byte[5000], PageCodec.ZLIB).file()), 1));
        for (int flags : new int[] {PageCodec.LZO, PageCodec.SNAPPY, PageCodec.ZSTD}) {
            Refused.with("page data", "", () -> page(read(
                    new KdumpBytes(8).page(1, new byte[5000], flags).file()), 1));
        }
    }

    @Test
    void anUnpackedPageIsWhole() throws IOException {
        Dump dump = read(changed(DESCRIPTORS + 12, 4, 0));
        Refused.at(DESCRIPTORS + 8, "page_desc.size", "0x", () -> page(dump, 3));
    }

    @Test
    void descriptorsBehindTheEndOfTheFileAreRefused() {
        byte[] file = three(PageCodec.ZLIB).file();
        Refused.at(DESCRIPTORS, "page_desc", "end of the file",
                () -> read(Arrays.copyOf(file, DESCRIPTORS + 71)));
        Refused.with("kdump_sub_header", "end of the file",
                () -> read(Arrays.copyOf(file, 4100)));
    }

    @Test
    void aBitmapOfMoreRunsThanTheLimitIsRefusedInTime() {
        long pages = 1L << 25;
        byte[] file = new KdumpBytes(pages).page(0, new byte[4096], PageCodec.ZLIB).file();
        Arrays.fill(file, 8192, DESCRIPTORS - 8192 + (int) (pages / 4), (byte) 0x55);
        Bounded.bySecond(() -> Refused.with("bitmap2", "more runs of pages", () -> read(file)));
    }

    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        var builder = new KdumpBytes(40);
        int[] packings = {0, 1, 2, 4, 0x20};
        for (int i = 0; i < 10; i++) {
            builder.page(3 * i, KdumpBytes.content(i), packings[i % 5]);
        }
        Mutations.survive("kdump", builder.file(), bad -> readAll(read(bad)));
    }

    private static void readAll(Dump dump) throws IOException {
        FormatException first = null;
        for (AddressRange range : dump.image().ranges()) {
            try {
                for (long at = range.start(); at < range.end(); at += 4096) {
                    dump.image().read(at, new byte[4096], 0, 4096);
                }
            } catch (FormatException e) {
                first = e;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
