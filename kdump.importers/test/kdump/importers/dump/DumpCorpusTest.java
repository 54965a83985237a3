// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.zstd.ZstdInputStream;
import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import kdump.importers.CaptureDirectoryImporter;
import kdump.importers.LabFiles;
import kdump.importers.elf.ElfCore;
import kdump.importers.kdump.KdumpBytes;
import kdump.importers.kdump.KdumpFile;
import org.junit.jupiter.api.Test;

/** Dumps that other projects test with are read, or refused in one line. */
class DumpCorpusTest {

    /** Returns what became of a dump: its ranges, or the complaint. */
    private static String outcome(byte[] file) throws IOException {
        try {
            boolean elf = file[1] == 'E';
            Dump dump = elf ? ElfCore.read(KdumpBytes.content(file))
                    : KdumpFile.read(KdumpBytes.content(file));
            for (AddressRange range : dump.image().ranges()) {
                byte[] some = new byte[(int) Math.min(range.bytes(), 4096)];
                dump.image().read(range.start(), some, 0, some.length);
            }
            return dump.image().ranges().toString() + dump.vmcoreInfo().release();
        } catch (FormatException e) {
            assertThat(e.getMessage()).doesNotContain("\n").contains("expected");
            return e.getMessage();
        }
    }

    @Test
    void everyFileOfTheCorpusOfLibkdumpfileIsReadOrRefused() throws IOException {
        Map<String, String> outcomes = new TreeMap<>();
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/kdump-libkdumpfile"))) {
            assertThat(new CaptureDirectoryImporter().accepts(file)).as("%s is text", file)
                    .isFalse();
            assertThatThrownBy(() -> new CaptureDirectoryImporter().read(file, null))
                    .isInstanceOf(FormatException.class).hasMessageContaining("signature");
            byte[] dump = file.toString().endsWith(".data") ? DumpNotation.assemble(
                    Files.readAllLines(file, StandardCharsets.ISO_8859_1)) : null;
            if (dump != null) {
                outcomes.put(file.getFileName().toString(), outcome(dump));
            }
        }
        assertThat(outcomes).hasSize(15)
                .containsEntry("diskdump-excluded.data", "[00000000-00000fff,"
                        + " 00002000-00002fff]null")
                .containsEntry("elf-endian.data", "[00000000-0000000f]null")
                .containsEntry("elf-empty.data", "[]null")
                .containsEntry("early-version-code.data", "[]3.12.28-4-default")
                .containsEntry("elf-eraseinfo.data", "[03000000-03000007]null");
        assertThat(outcomes.get("diskdump-v6-arm.data")).contains("found armv7l");
        assertThat(outcomes.get("diskdump-v6-ia32.data")).contains("found i686");
    }

    @Test
    void coresOfProcessesAreRefused() throws IOException {
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/elf-drgn"))) {
            try (var in = new ZstdInputStream(Files.newInputStream(file))) {
                assertThat(outcome(in.readAllBytes())).as(file.toString()).contains("p_paddr");
            }
        }
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/elf-pyelftools"))) {
            assertThat(outcome(Files.readAllBytes(file))).as(file.toString())
                    .contains(file.toString().contains("32") ? "e_ident.class" : "p_paddr");
        }
    }
}
