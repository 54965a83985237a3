// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import kdump.importers.kdump.KdumpBytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories with several dumps in them. */
class DumpChoiceTest {

    @TempDir
    Path folder;

    private static byte[] kdump(int pages) {
        var file = new KdumpBytes(100);
        for (int i = 0; i < pages; i++) {
            file.page(2 * i, KdumpBytes.content(2 * i), 1);
        }
        return file.file();
    }

    private void put(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    private String chosen() throws IOException {
        return DumpChoice.of(folder).file().getFileName().toString();
    }

    @Test
    void theMostCompleteIsTaken() throws IOException {
        put("vmcore.1", kdump(2));
        put("vmcore.2", kdump(5));
        put("vmcore.3", kdump(4));
        assertThat(chosen()).isEqualTo("vmcore.2");
        assertThat(DumpChoice.of(folder).remarks()).containsExactly(
                "Not read: vmcore.1, as vmcore.2 holds as much or more.",
                "Not read: vmcore.3, as vmcore.2 holds as much or more.");
    }

    @Test
    void amongEqualsTheFirstByNameIsTaken() throws IOException {
        put("vmcore.b", kdump(2));
        put("vmcore.a", gzip(kdump(2)));
        put("tables", kdump(2));
        assertThat(chosen()).isEqualTo("tables");
    }

    @Test
    void aDamagedOneIsPassedOverWithItsComplaint() throws IOException {
        put("vmcore.1", Arrays.copyOf(kdump(9), 5000));
        put("vmcore.2", kdump(1));
        DumpChoice choice = DumpChoice.of(folder);
        assertThat(choice.file().getFileName()).hasToString("vmcore.2");
        assertThat(choice.remarks()).singleElement().asString()
                .startsWith("Not read: " + folder.resolve("vmcore.1") + ": at 0x")
                .contains("bitmap_blocks");
    }

    @Test
    void ifAllAreDamagedTheFirstComplaintIsMade() throws IOException {
        put("vmcore.1", Arrays.copyOf(kdump(9), 5000));
        put("vmcore.2", Arrays.copyOf(kdump(9), 300));
        Refused.with("bitmap_blocks", "0x2", () -> DumpChoice.of(folder));
    }

    @Test
    void aDumpOfAnotherNameIsTakenIfNoneHasTheUsualOne() throws IOException {
        put("machine.kdump", kdump(2));
        put("notes.txt", new byte[] {'K', 'D'});
        put("program", new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0});
        assertThat(chosen()).isEqualTo("machine.kdump");
        put("vmcore", kdump(1));
        assertThat(chosen()).isEqualTo("vmcore");
    }

    @Test
    void aDirectoryWithoutAnyIsRefused() throws IOException {
        put("program", new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0});
        put("half.gz", new byte[] {0x1f, (byte) 0x8b, 8});
        assertThat(DumpChoice.candidates(folder)).isEmpty();
        Refused.with("dump", "none", () -> DumpChoice.of(folder));
    }

    @Test
    void aGzippedDumpIsReadLikeAPlainOne() throws IOException {
        put("vmcore", gzip(kdump(3)));
        assertThat(DumpChoice.of(folder).dump().image().ranges()).containsExactly(
                AddressRange.of(0, 4096), AddressRange.of(0x2000, 4096),
                AddressRange.of(0x4000, 4096));
    }

    @Test
    void aPlainDumpIsAMachine() throws IOException {
        put("vmcore", kdump(3));
        var machine = new CaptureDirectoryImporter().read(folder, null);
        assertThat(machine.units()).isEmpty();
        assertThat(machine.remarks()).contains("No iomem: System RAM is what the dump holds.",
                "No registers, and no root table among 3 pages; 0 had the shape of one.");
    }
}
