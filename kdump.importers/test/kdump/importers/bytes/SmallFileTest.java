// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmallFileTest {

    @TempDir
    Path folder;

    private Path file(String content) throws IOException {
        return Files.writeString(folder.resolve("f"), content);
    }

    @Test
    void aFileAtItsLimitIsReadWhole() throws IOException {
        assertThat(SmallFile.read(file("12345"), 5)).containsExactly('1', '2', '3', '4', '5');
    }

    @Test
    void aFileAboveItsLimitIsRefused() {
        Refused.at(5, "size", "more bytes", () -> SmallFile.read(file("123456"), 5));
    }

    @Test
    void aDirectoryIsRefused() {
        Refused.with("kind", "something else", () -> SmallFile.read(folder, 5));
    }

    @Test
    void anAbsentFileIsNoFormatFault() {
        assertThatThrownBy(() -> SmallFile.read(folder.resolve("absent"), 5))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void linesMayEndInEitherWay() throws IOException {
        assertThat(TextFile.read(file("a\r\nb\n\nc"), 100).lines())
                .containsExactly("a", "b", "", "c");
    }

    @Test
    void anEmptyTextHasOneEmptyLine() throws IOException {
        assertThat(TextFile.read(file(""), 100).lines()).containsExactly("");
    }

    @Test
    void bytesThatAreNoUtf8DoNotStopAText() {
        byte[] bytes = {'a', (byte) 0xff, 'b'};
        assertThat(TextFile.of("t", bytes).lines()).containsExactly("a\ufffdb");
        assertThat(TextFile.of("t", "\u00e9".getBytes(StandardCharsets.UTF_8)).lines())
                .containsExactly("\u00e9");
    }

    @Test
    void aComplaintAboutALineCountsFromOne() {
        FormatException wrong = TextFile.of("t", new byte[0]).wrong(0, "word", "x", "y");
        assertThat(wrong).hasMessage("t: at 0x1: line 1, word: found x, expected y");
    }
}
