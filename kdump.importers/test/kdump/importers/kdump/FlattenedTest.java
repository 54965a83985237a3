// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import kdump.importers.bytes.Content;
import kdump.importers.dump.Dump;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlattenedTest {

    private static byte[] all(Content content) throws IOException {
        byte[] all = new byte[(int) content.bytes()];
        content.read(0, all, 0, all.length);
        return all;
    }

    private static byte[] kdump() {
        return new KdumpBytes(100).page(7, KdumpBytes.content(7), PageCodec.ZLIB)
                .page(9, KdumpBytes.content(9), PageCodec.RAW).file();
    }

    @Test
    void recordsInAnyOrderAreTheFile() throws IOException {
        byte[] file = kdump();
        int end = file.length;
        byte[] flat = KdumpBytes.flattened(file, 16000, end, 0, 5000, 7000, 16000, 5000, 7000);
        Content content = KdumpBytes.content(flat);
        assertThat(Flattened.isFlattened(content)).isTrue();
        assertThat(all(Flattened.rearrange(content))).isEqualTo(file);
        Dump dump = KdumpFile.read(content);
        byte[] page = new byte[4096];
        dump.image().read(0x9000, page, 0, 4096);
        assertThat(page).isEqualTo(KdumpBytes.content(9));
    }

    @Seeds(count = 3)
    void laterRecordsWinAndHolesAreZero(long seed) throws IOException {
        RandomStream random = new RandomStream(seed, "flattened");
        for (int round = 0; round < 200; round++) {
            byte[] real = new byte[1000];
            int n = 1 + random.nextInt(20);
            long[] starts = new long[n];
            long[] offsets = new long[n];
            int[] sizes = new int[n];
            var flat = new ByteArrayOutputStream();
            int length = 0;
            for (int i = 0; i < n; i++) {
                byte[] bytes = new byte[1 + random.nextInt(100)];
                Arrays.fill(bytes, (byte) (i + 1));
                starts[i] = random.nextInt(900);
                sizes[i] = bytes.length;
                offsets[i] = flat.size();
                flat.writeBytes(bytes);
                System.arraycopy(bytes, 0, real, (int) starts[i], bytes.length);
                length = (int) Math.max(length, starts[i] + bytes.length);
            }
            Content content = RearrangedContent.of(KdumpBytes.content(flat.toByteArray()), starts,
                    offsets, sizes, false);
            assertThat(all(content)).isEqualTo(Arrays.copyOf(real, length));
            int from = random.nextInt(length);
            byte[] part = new byte[length - from];
            content.read(from, part, 0, part.length);
            assertThat(part).isEqualTo(Arrays.copyOfRange(real, from, length));
        }
    }

    @ParameterizedTest
    @CsvSource({"16, 0, flattened.type, 0x0", "24, 2, flattened.version, 0x2",
        "4104, 0, record.size, 0x0", "4104, -1, record.size, 0xffffffffffffffff",
        "4104, 0x7fffffff, record.size, 0x7fffffff",
        "4096, -2, record.offset, 0xfffffffffffffffe"})
    void aWrongFieldIsRefused(int at, String value, String field, String found) {
        byte[] flat = KdumpBytes.flattened(new byte[100], 0, 100);
        ByteBuffer.wrap(flat).putLong(at, Long.decode(value));
        Refused.at(at, field, found, () -> Flattened.rearrange(KdumpBytes.content(flat)));
    }

    @Test
    void aFileThatBreaksOffBeforeItsBitmapsIsRefused() {
        byte[] file = kdump();
        byte[] flat = KdumpBytes.flattened(file, 0, 8000, 8000, file.length);
        Refused.with("flattened header", "end of the file", () -> Flattened.rearrange(
                KdumpBytes.content(Arrays.copyOf(flat, 1000))));
        Refused.with("record.size", "end of the file", () -> Flattened.rearrange(
                KdumpBytes.content(Arrays.copyOf(flat, 4096 + 15))));
        for (int bytes : new int[] {16, 400, 500, 5000, 8000, 8016, 12_000}) {
            assertThatThrownBy(() -> KdumpFile.read(KdumpBytes.content(
                    Arrays.copyOf(flat, 4096 + bytes)))).as("%s bytes", bytes)
                    .isInstanceOf(FormatException.class);
        }
        Refused.with("record.size", "0x4000001", () -> Flattened.rearrange(KdumpBytes.content(
                changed(flat, 4096 + 8, 0x400_0001))));
    }

    private static byte[] changed(byte[] flat, int at, long value) {
        byte[] bytes = flat.clone();
        ByteBuffer.wrap(bytes).putLong(at, value);
        return bytes;
    }

    /** Pages are written before the descriptors of some, after those of others. */
    @Test
    void aFileThatBreaksOffHoldsThePagesBeforeItsEnd() throws IOException {
        var whole = new KdumpBytes(64);
        for (int page = 0; page < 20; page++) {
            whole.page(2 * page, KdumpBytes.content(page), page % 3 == 0 ? 0 : 1);
        }
        byte[] file = whole.file();
        int descriptors = 4 * 4096;
        int data = descriptors + 20 * 24;
        byte[] flat = KdumpBytes.flattened(file, 0, 464, 4096, descriptors, data, data + 6000,
                descriptors, descriptors + 10 * 24, data + 8000, file.length, data + 6000,
                data + 8000, descriptors + 10 * 24, data);
        Dump good = KdumpFile.read(KdumpBytes.content(file));
        assertThat(KdumpFile.read(KdumpBytes.content(flat)).remarks()).isEmpty();
        int before = 0;
        int first = 4096 + 16 + 464 + 16 + 3 * 4096 + 16 + 1;
        for (int bytes = first; bytes < flat.length; bytes += bytes < first + 300 ? 1 : 97) {
            Dump dump = KdumpFile.read(KdumpBytes.content(Arrays.copyOf(flat, bytes)));
            int pages = checkPages(dump, good);
            assertThat(pages).as("of %s bytes", bytes).isGreaterThanOrEqualTo(before);
            before = pages;
        }
        byte[] all = Arrays.copyOf(flat, flat.length - 16);
        assertThat(checkPages(KdumpFile.read(KdumpBytes.content(all)), good))
                .as("all but the record that ends them").isEqualTo(20);
    }

    /** Checks the pages that there are, and that the others are lost. */
    private static int checkPages(Dump dump, Dump good) throws IOException {
        byte[] page = new byte[4096];
        byte[] other = new byte[4096];
        int pages = 0;
        for (AddressRange range : dump.image().ranges()) {
            for (long at = range.start(); at < range.end(); at += 4096, pages++) {
                dump.image().read(at, page, 0, 4096);
                good.image().read(at, other, 0, 4096);
                assertThat(page).isEqualTo(other);
            }
        }
        long lost = dump.lost().stream().mapToLong(AddressRange::bytes).sum() >> 12;
        assertThat(pages + lost).isEqualTo(20);
        assertThat(dump.remarks()).hasSize(lost == 0 ? 0 : 1)
                .allMatch(r -> r.startsWith("The dump breaks off at "));
        return pages;
    }

    @Test
    void aKnotOfManyRecordsIsRefused() {
        int[] pieces = new int[2 * 5000];
        for (int i = 0; i < 5000; i++) {
            pieces[2 * i + 1] = 1;
        }
        Refused.with("record.offset", "5000 records that overlap", () -> Flattened.rearrange(
                KdumpBytes.content(KdumpBytes.flattened(new byte[1], pieces))));
    }

    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        byte[] file = kdump();
        byte[] flat = KdumpBytes.flattened(file, 0, 4096, 4096, 9000, 8000, file.length);
        Mutations.survive("flattened", flat, bad -> {
            Dump dump = KdumpFile.read(KdumpBytes.content(bad));
            for (AddressRange range : dump.image().ranges()) {
                dump.image().read(range.start(), new byte[4096], 0, 4096);
            }
        });
    }
}
