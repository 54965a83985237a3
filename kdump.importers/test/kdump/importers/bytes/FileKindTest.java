// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import kdump.importers.LabFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileKindTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"'\u007fELF rest', ELF, true", "'KDUMP   rest', KDUMP, true",
        "'KDUMPrest', OTHER, false", "'makedumpfile', FLATTENED, true",
        "'', OTHER, false", "'vmcore', OTHER, false"})
    void theFirstBytesDecidePackedOrNot(String head, FileKind kind, boolean dump)
            throws IOException {
        byte[] bytes = head.getBytes(StandardCharsets.ISO_8859_1);
        Path plain = Files.write(folder.resolve("plain.gz"), bytes);
        Path packed = folder.resolve("packed.elf");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(bytes);
        }
        assertThat(FileKind.of(plain)).isEqualTo(kind);
        assertThat(FileKind.of(packed)).isEqualTo(kind);
        assertThat(kind.isDump()).isEqualTo(dump);
    }

    @Test
    void realDumpsAreKnown() throws IOException {
        assertThat(FileKind.of(LabFiles.capture("vtd1/tables.elf.gz"))).isEqualTo(FileKind.ELF);
        Path captures = LabFiles.shared("captures/vtd1");
        assertThat(FileKind.of(captures.resolve("tables.kdump.gz"))).isEqualTo(FileKind.KDUMP);
        assertThat(FileKind.of(captures.resolve("tables.kdump-flattened.gz")))
                .isEqualTo(FileKind.FLATTENED);
    }
}
