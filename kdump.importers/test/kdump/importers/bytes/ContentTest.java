// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.sim.RandomStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentTest {

    @TempDir
    Path folder;

    private static byte[] noise(int bytes) {
        RandomStream random = new RandomStream(1, "noise");
        byte[] noise = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            noise[i] = (byte) random.nextLong();
        }
        return noise;
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("content"), bytes);
    }

    private static byte[] all(Content content) throws IOException {
        byte[] all = new byte[(int) content.bytes()];
        content.read(0, all, 0, all.length);
        return all;
    }

    @Test
    void aPlainFileIsReadWhereItLies() throws IOException {
        byte[] bytes = noise(10_000);
        Content content = Content.open(file(bytes));
        assertThat(content).isInstanceOf(FileContent.class);
        assertThat(all(content)).isEqualTo(bytes);
        byte[] part = new byte[12];
        content.read(777, part, 2, 10);
        assertThat(Arrays.copyOfRange(part, 2, 12))
                .isEqualTo(Arrays.copyOfRange(bytes, 777, 787));
    }

    @Test
    void aGzippedFileIsKnownByItsBytesAndUnpacked() throws IOException {
        byte[] bytes = noise(3 * HeapContent.CHUNK_BYTES + 5);
        Content content = Content.open(file(gzip(bytes)));
        assertThat(content).isInstanceOf(HeapContent.class);
        assertThat(content.bytes()).isEqualTo(bytes.length);
        assertThat(all(content)).isEqualTo(bytes);
    }

    @Test
    void aReadMayCrossChunks() throws IOException {
        byte[] bytes = noise(2 * HeapContent.CHUNK_BYTES);
        Content content = Content.open(file(gzip(bytes)));
        byte[] part = new byte[100];
        int at = HeapContent.CHUNK_BYTES - 50;
        content.read(at, part, 0, 100);
        assertThat(part).isEqualTo(Arrays.copyOfRange(bytes, at, at + 100));
    }

    @Test
    void contentOfExactlyOneChunkIsWhole() throws IOException {
        byte[] bytes = noise(HeapContent.CHUNK_BYTES);
        assertThat(all(Content.open(file(gzip(bytes))))).isEqualTo(bytes);
    }

    @Test
    void anEmptyFileIsEmptyContent() throws IOException {
        assertThat(Content.open(file(new byte[0])).bytes()).isZero();
        assertThat(Content.open(file(gzip(new byte[0]))).bytes()).isZero();
    }

    @Test
    void aTruncatedGzipFileIsRefused() throws IOException {
        byte[] packed = gzip(noise(10_000));
        Path file = file(Arrays.copyOf(packed, packed.length / 2));
        Refused.with("gzip", "end of the file", () -> Content.open(file));
    }

    @Test
    void aGzipFileOfTwoBytesIsRefused() throws IOException {
        Path file = file(new byte[] {0x1f, (byte) 0x8b});
        Refused.with("gzip", "end of the file", () -> Content.open(file));
        Refused.with("gzip", "end of the file", () -> FileKind.of(file));
    }

    @Test
    void aGzipFileWithAWrongSumIsRefused() throws IOException {
        byte[] packed = gzip(noise(10_000));
        packed[packed.length - 8] ^= 1;
        Path file = file(packed);
        assertThatThrownBy(() -> Content.open(file)).isInstanceOf(FormatException.class)
                .hasMessageContaining("gzip").hasMessageContaining("a whole gzip stream");
    }

    @Test
    void aGzipBombStopsAtTheLimit() throws IOException {
        Path file = file(gzip(new byte[8 << 20]));
        assertThat(Files.size(file)).isLessThan(10_000);
        Refused.at(4 << 20, "gzip.size", "more unpacked bytes", () -> Gzip.unpack(file, 4 << 20));
        assertThat(Gzip.unpack(file, 8 << 20).bytes()).isEqualTo(8 << 20);
    }

    @Test
    void aFileThatShrankIsRefused() throws IOException {
        Path file = file(noise(1000));
        Content content = Content.open(file);
        Files.write(file, noise(400));
        Refused.at(400, "size", "end of the file", () -> all(content));
    }

    @Test
    void aDirectoryIsRefused() {
        Refused.with("kind", "something else", () -> Content.open(folder));
    }

    @Test
    void anAbsentFileIsNoFormatFault() {
        assertThatThrownBy(() -> Content.open(folder.resolve("absent")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void factsKnowTheirPlaceInTheFile() throws IOException {
        ByteFacts facts = Content.open(file(noise(100))).facts(90, 10);
        Refused.at(98, "x", "end of the file at 0x64", () -> facts.u32(8, "x"));
    }

    @Test
    void damagedGzipFilesAreReadOrRefused() throws IOException {
        Mutations.survive("gzip", gzip(noise(500)), bad -> {
            Content content = Content.open(file(bad));
            all(content);
            FileKind.of(folder.resolve("content"));
        });
    }
}
