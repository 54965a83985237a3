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
import kdump.importers.dump.Dump;
import kdump.importers.elf.ElfBytes;
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
    void aDirectoryWithoutAnyHasNoChoice() throws IOException {
        put("program", new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0});
        put("half.gz", new byte[] {0x1f, (byte) 0x8b, 8});
        assertThat(DumpChoice.candidates(folder)).isEmpty();
        assertThat(DumpChoice.of(folder)).isNull();
    }

    @Test
    void aGzippedDumpIsReadLikeAPlainOne() throws IOException {
        put("vmcore", gzip(kdump(3)));
        assertThat(DumpChoice.of(folder).dump().image().ranges()).containsExactly(
                AddressRange.of(0, 4096), AddressRange.of(0x2000, 4096),
                AddressRange.of(0x4000, 4096));
    }

    private static byte[] part(int first, int end) {
        var file = new KdumpBytes(100).info("OSRELEASE=6.1\n").split(first, end);
        for (int page = 0; page < 100; page++) {
            file.page(page, KdumpBytes.content(page), 1);
        }
        return file.file();
    }

    @Test
    void thePartsOfASplitDumpAreReadAsOne() throws IOException {
        put("vmcore.1", part(0, 30));
        put("vmcore.2", gzip(part(30, 61)));
        put("vmcore.3", KdumpBytes.flattened(part(61, 100), 0, 4096, 4096, part(61, 100).length));
        put("other", kdump(3));
        DumpChoice choice = DumpChoice.of(folder);

        assertThat(choice.dump().image().ranges())
                .containsExactly(AddressRange.of(0, 100 * 4096));
        byte[] all = new byte[100 * 4096];
        choice.dump().image().read(0, all, 0, all.length);
        for (int page = 0; page < 100; page++) {
            assertThat(Arrays.copyOfRange(all, page * 4096, page * 4096 + 4096))
                    .isEqualTo(KdumpBytes.content(page));
        }
        assertThat(choice.dump().vmcoreInfo().release()).isEqualTo("6.1");
        assertThat(choice.remarks()).isEmpty();
        assertThat(choice.dump().remarks()).hasSize(3)
                .allMatch(r -> r.contains("is a part of a split dump"));
    }

    @Test
    void aMissingPartIsNamed() throws IOException {
        put("vmcore.1", part(0, 30));
        put("vmcore.3", part(61, 90));

        assertThat(DumpChoice.of(folder).dump().remarks()).contains(
                "No part of the split dump with pages 0x1e to 0x3c is here.",
                "No part of the split dump with pages 0x5a to 0x63 is here.");
        assertThat(DumpChoice.of(folder).dump().image().ranges()).containsExactly(
                AddressRange.of(0, 30 * 4096), AddressRange.of(61 * 4096, 29 * 4096));
    }

    @Test
    void partsOfAnotherDumpAreLeftAlone() throws IOException {
        put("vmcore.1", part(0, 30));
        byte[] other = part(30, 61);
        other[408] ^= 1; // another time
        put("vmcore.2", other);

        assertThat(DumpChoice.of(folder).dump().image().ranges()).hasSize(1);
        assertThat(DumpChoice.of(folder).remarks()).hasSize(1);
    }

    @Test
    void partsThatOverlapAreRefused() throws IOException {
        put("vmcore.1", part(0, 30));
        put("vmcore.2", part(29, 61));

        Refused.with("start_pfn", "0x1d", () -> DumpChoice.of(folder));
    }

    @Test
    void aPlainDumpIsAMachine() throws IOException {
        put("vmcore", kdump(3));
        var machine = new CaptureDirectoryImporter().read(folder, null);
        assertThat(machine.units()).isEmpty();
        assertThat(machine.remarks()).contains("No iomem: System RAM is what the dump holds.",
                "No registers, and no root table among 3 pages; 0 had the shape of one.");
    }

    @Test
    void aCoreMayBeFlattenedToo() throws IOException {
        byte[] core = new ElfBytes(1, 0x2000).load(0x1000, 0x7000, 0x1000, 0x1000).array();
        put("vmcore.flat", KdumpBytes.flattened(core, 0x900, core.length, 0, 0x900));
        Dump dump = DumpChoice.of(folder).dump();
        assertThat(dump.image().ranges()).containsExactly(AddressRange.of(0x7000, 0x1000));
        byte[] bytes = new byte[0x1000];
        dump.image().read(0x7000, bytes, 0, bytes.length);
        assertThat(bytes).isEqualTo(Arrays.copyOfRange(core, 0x1000, 0x2000));
    }
}
