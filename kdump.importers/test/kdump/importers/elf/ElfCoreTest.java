// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import kdump.importers.Bounded;
import kdump.importers.LabFiles;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import kdump.importers.bytes.Content;
import kdump.importers.bytes.FileKind;
import kdump.importers.dump.CutImage;
import kdump.importers.dump.Dump;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElfCoreTest {

    private static AddressRange range(long start, long bytes) {
        return AddressRange.of(start, bytes);
    }

    @Test
    void loadSegmentsAreRangesByAddress() throws IOException {
        var elf = new ElfBytes(3, 0x1000).header(4, 0x300, 0, 0x10, 0x10)
                .load(0x200, 0x9000, 0x80, 0x80).load(0x300, 0x1000, 0x40, 0x40);
        Dump core = ElfCore.read(elf);
        assertThat(core.image().ranges()).containsExactly(range(0x1000, 0x40),
                range(0x9000, 0x80));
        assertThat(core.remarks()).isEmpty();
        byte[] bytes = new byte[6];
        core.image().read(0x9010, bytes, 2, 4);
        assertThat(bytes).startsWith(0, 0).endsWith(elf.part(0x210, 4));
    }

    @Test
    void aCoreMayHoldNoMemory() throws IOException {
        assertThat(ElfCore.read(new ElfBytes(1, 0)).image().ranges()).isEmpty();
        var elf = new ElfBytes(2, 0).load(0, 0, 0, 0).load(0, 0x1000, 0, 0x1000);
        assertThat(ElfCore.read(elf).image().ranges()).isEmpty();
        assertThat(ElfCore.read(elf).remarks()).containsExactly(
                "The core names 0x1000 bytes of memory that it does not hold.");
    }

    @Test
    void memoryBeyondTheFileBytesOfASegmentIsNotInTheImage() throws IOException {
        Dump core = ElfCore.read(new ElfBytes(1, 0x100).load(0x80, 0x1000, 0x40, 0x1000));
        assertThat(core.image().ranges()).containsExactly(range(0x1000, 0x40));
        assertThat(core.remarks()).singleElement().asString().contains(" 0xfc0 bytes");
    }

    @Test
    void segmentsWithoutAPhysicalAddressAreLeftOut() throws IOException {
        Dump core = ElfCore.read(new ElfBytes(3, 0x100).load(0x100, -1, 0x40, 0x80)
                .load(0x110, 0x5000, 0x40, 0x40).load(0x120, -1, 0x10, 0x10));
        assertThat(core.image().ranges()).containsExactly(range(0x5000, 0x40));
        assertThat(core.memory()).containsExactly(range(0x5000, 0x40));
        assertThat(core.remarks()).containsExactly("The core holds 0x50 bytes at virtual addresses"
                + " only; they are left out.");
    }

    @Test
    void theCoreOfAProcessIsRefused() throws IOException {
        Refused.at(64 + 24, "p_paddr", "0x0", () -> ElfCore.read(new ElfBytes(2, 0x100)
                .load(0x100, 0, 0x40, 0x40).load(0x140, 0, 0x10, 0x1000)));
        Refused.at(64 + 24, "p_paddr", "0xffffffffffffffff", () -> ElfCore.read(
                new ElfBytes(1, 0x100).load(0x80, -1, 0x40, 0x40)));
        assertThat(ElfCore.read(new ElfBytes(1, 0x100).load(0x80, 0, 0x40, 0x40)).image().ranges())
                .as("a machine's memory may begin at 0").containsExactly(range(0, 0x40));
    }

    @Test
    void theSizeOfTheHeaderIsNotLookedAt() throws IOException {
        var elf = new ElfBytes(1, 0x100).load(0x80, 0x1000, 0x40, 0x40).put16(52, 0xffff);
        assertThat(ElfCore.read(elf).image().ranges()).hasSize(1);
    }

    @Test
    void programHeadersMayLieAnywhere() throws IOException {
        var elf = new ElfBytes(4, 0x100).load(0x80, 0x5000, 0x40, 0x40)
                .load(0x80, 0x6000, 0x40, 0x40);
        elf.put64(32, 64 + 56).put16(56, 1);
        assertThat(ElfCore.read(elf).image().ranges()).containsExactly(range(0x6000, 0x40));
    }

    @Test
    void aCoreThatBreaksOffHoldsWhatLiesBeforeItsEnd() throws IOException {
        var elf = new ElfBytes(2, 0x3000).load(0x1000, 0x10_0000, 0x2000, 0x2000)
                .load(0x3000, 0x20_0000, 0x1000, 0x1000);
        Dump dump = ElfCore.read(elf);
        assertThat(dump.image().ranges()).containsExactly(AddressRange.of(0x10_0000, 0x2000));
        assertThat(dump.lost()).containsExactly(AddressRange.of(0x20_0000, 0x1000));
        assertThat(dump.remarks()).containsExactly("The core breaks off at 0x30b0: 0x1000 bytes of"
                + " memory that it names lie beyond and are absent.");
    }

    @ParameterizedTest
    @CsvSource({"0, e_ident.magic, 0x464c4500", "4, e_ident.class, 0x0", "5, e_ident.data, 0x0",
        "16, e_type, 0x0", "18, e_machine, 0x0", "54, e_phentsize, 0x0"})
    void aWrongHeaderFieldIsRefused(int offset, String field, String found) {
        Refused.at(offset, field, found, () -> ElfCore.read(new ElfBytes(1, 0).put8(offset, 0)));
    }

    @Test
    void aHeaderThatBreaksOffIsRefused() {
        Refused.with("e_ident.magic", "end of the file",
                () -> ElfCore.read(ElfBytes.of(new byte[3])));
        byte[] whole = new ElfBytes(0, 0).array();
        Refused.with("e_phnum", "end of the file",
                () -> ElfCore.read(ElfBytes.of(java.util.Arrays.copyOf(whole, 57))));
    }

    @ParameterizedTest
    @CsvSource({"0x79", "0x7fffffffffffffff", "0x8000000000000000", "0xffffffffffffffc8"})
    void programHeadersOutsideTheFileAreRefused(String offset) {
        var elf = new ElfBytes(1, 0).load(0, 0x1000, 0, 8)
                .put64(32, Long.parseUnsignedLong(offset.substring(2), 16));
        Refused.at(32, "e_phoff", offset, () -> ElfCore.read(elf));
    }

    @Test
    void manyProgramHeadersAreCountedInTheFirstSectionHeader() throws IOException {
        var elf = new ElfBytes(2, 0x100).load(0x100, 0x1000, 8, 8).load(0x100, 0x2000, 8, 8)
                .put16(56, 0xffff).put64(40, 64 + 112).put32(64 + 112 + 44, 2);
        assertThat(ElfCore.read(elf).image().ranges()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"0", "0x800", "-1"})
    void aSectionHeaderThatShouldCountButIsNotThereIsRefused(String offset) {
        var elf = new ElfBytes(1, 0x100).put16(56, 0xffff).put64(40, Long.decode(offset));
        Refused.with("e_shoff", "0x", () -> ElfCore.read(elf));
    }

    @Test
    void moreSegmentsThanTheLimitAreRefused() {
        var elf = new ElfBytes(1, 0x100).put16(56, 0xffff).put64(40, 0x80)
                .put32(0x80 + 44, ElfCoreReader.MAX_SEGMENTS + 1);
        Refused.at(56, "e_phnum", "0x40001", () -> ElfCore.read(elf));
    }

    @ParameterizedTest
    @CsvSource({
        "0x0, 0x10000000000000, 0x10, 0x10, 24, p_paddr, 0x10000000000000",
        "0x0, -0x1000, 0x10, 0x10, 24, p_paddr, 0xfffffffffffff000",
        "0x0, 0x1000, 0x10, 0xfffffffffffff, 40, p_memsz, 0xfffffffffffff",
        "0x0, 0x1000, 0x10, -0x10, 40, p_memsz, 0xfffffffffffffff0",
        "0x0, 0x1000, 0x20, 0x10, 32, p_filesz, 0x20",
        "0x0, 0x1000, -0x20, 0x10, 32, p_filesz, 0xffffffffffffffe0",
        "0x0, 0x1000, 0x20, 0x0, 32, p_filesz, 0x20",
        "0x170, 0x1000, 0x10, 0x10, 8, p_offset, 0x170",
        "-0x10, 0x1000, 0x10, 0x10, 8, p_offset, 0xfffffffffffffff0",
        "0x0, 0x1000, 0x1000, 0x1000, 8, p_offset, 0x0"})
    void aSegmentThatDoesNotFitIsRefused(String offset, String address, String fileBytes,
            String memoryBytes, int fieldOffset, String field, String found) {
        var elf = new ElfBytes(1, 0x100).load(Long.decode(offset), Long.decode(address),
                Long.decode(fileBytes), Long.decode(memoryBytes));
        Refused.at(elf.lastHeader() + fieldOffset, field, found, () -> ElfCore.read(elf));
    }

    @ParameterizedTest
    @CsvSource({"0x1000, 0x20, 0x1000, 0x1020", "0x1010, 0x10, 0x1000, 0x1020",
        "0x1010, 0x40, 0x1000, 0x1050", "0xff0, 0x20, 0xff0, 0x1020",
        "0xff0, 0x100, 0xff0, 0x10f0"})
    void whereSegmentsOverlapTheEarlierHeaderCounts(String address, String bytes, String start,
            String end) throws IOException {
        var elf = new ElfBytes(2, 0x400).load(0x100, 0x1000, 0x20, 0x20)
                .load(0x217, Long.decode(address), Long.decode(bytes), Long.decode(bytes));
        Dump core = ElfCore.read(elf);
        long first = Long.decode(start);
        int count = (int) (Long.decode(end) - first);
        assertThat(core.image().ranges()).containsExactly(range(first, count));
        byte[] memory = new byte[count];
        core.image().read(first, memory, 0, count);
        for (int i = 0; i < count; i++) {
            long at = first + i;
            long inFile = at >= 0x1000 && at < 0x1020 ? 0x100 + (at - 0x1000)
                    : 0x217 + (at - Long.decode(address));
            assertThat(memory[i]).isEqualTo(elf.part((int) inFile, 1)[0]);
        }
        assertThat(core.remarks()).singleElement().asString()
                .contains("whose header comes first counts").contains("They differ, first at 0x1");
    }

    @Test
    void overlapsThatAgreeAreSaidTo() throws IOException {
        var elf = new ElfBytes(2, 0x400).load(0x100, 0x1000, 0x20, 0x20)
                .load(0x110, 0x1010, 0x40, 0x40);
        assertThat(ElfCore.read(elf).remarks()).containsExactly("Segments of the core overlap in"
                + " 0x10 bytes; the one whose header comes first counts. The 0x0 bytes compared"
                + " agree.");
        elf = new ElfBytes(2, 0x400).load(0x100, 0x1000, 0x20, 0x20)
                .load(0x210, 0x1010, 0x40, 0x40);
        assertThat(ElfCore.read(elf).remarks().get(0)).contains("The 0x10 bytes compared agree");
    }

    @Test
    void manySegmentsThatAllOverlapAreLaidOutInBoundedTime() throws IOException {
        int count = 40_000;
        var elf = new ElfBytes(count, 0x1000);
        for (int i = 0; i < count; i++) {
            elf.load(0x100 + i % 0x100, i % 2 == 0 ? 0x10 * i : 0, i % 2 == 0 ? 8 : 0x1000,
                    1L << 40);
        }
        Bounded.bySecond(
                () -> assertThat(ElfCore.read(elf).image().ranges()).isNotEmpty());
    }

    @Test
    void segmentsMayMeet() throws IOException {
        var elf = new ElfBytes(2, 0x400).load(0x100, 0x1000, 0x20, 0x20)
                .load(0x100, 0x1020, 0x20, 0x20);
        assertThat(ElfCore.read(elf).image().ranges()).containsExactly(range(0x1000, 0x40));
    }

    @Test
    void readingWhatIsNotCapturedIsTheCallersMistake() throws IOException {
        MemoryImage image = ElfCore.read(new ElfBytes(2, 0x400).load(0x100, 0x1000, 0x20, 0x20)
                .load(0x100, 0x1020, 0x20, 0x20)).image();
        byte[] bytes = new byte[0x40];
        for (long address : new long[] {0, 0xfff, 0x1021, 0x1039, 0x1040, -1}) {
            assertThatThrownBy(() -> image.read(address, bytes, 0, 0x20))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0x");
        }
    }

    @Test
    void anImageIsCutToWhatTheMapBacks() throws IOException {
        var elf = new ElfBytes(2, 0x400).load(0x100, 0x1000, 0x100, 0x100)
                .load(0x200, 0x2000, 0x100, 0x100);
        MemoryImage cut = CutImage.of(ElfCore.read(elf).image(), List.of(range(0, 0x800),
                range(0x1010, 0x10), range(0x1020, 0x10), range(0x10f0, 0xf80)));
        assertThat(cut.ranges()).containsExactly(range(0x1010, 0x20), range(0x10f0, 0x10),
                range(0x2000, 0x70));
        byte[] bytes = new byte[0x10];
        cut.read(0x1020, bytes, 0, 0x10);
        assertThat(bytes).isEqualTo(elf.part(0x120, 0x10));
        cut.read(0x2000, bytes, 0, 0x10);
        assertThat(bytes).isEqualTo(elf.part(0x200, 0x10));
    }

    @Test
    void damagedCoresAreReadOrRefused() throws IOException {
        var elf = new ElfBytes(5, 0x400).header(4, 0x200, 0, 0x10, 0x10);
        for (int i = 0; i < 4; i++) {
            elf.load(0x200 + 0x80 * i, 0x1000 * i, 0x80, 0x80 + 0x10 * i);
        }
        Mutations.survive("elf", elf.array(), bad -> {
            MemoryImage image = ElfCore.read(ElfBytes.of(bad)).image();
            for (AddressRange range : image.ranges()) {
                int bytes = Math.toIntExact(range.bytes());
                image.read(range.start(), new byte[bytes], 0, bytes);
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 38", "vtdsm1, 46", "vtd39_612_lazy, 29", "vtd_pt, 4", "vtd_ats, 42"})
    void realCoresHoldTheirTablePages(String name, int segments) throws IOException {
        Dump core = ElfCore.read(Content.open(LabFiles.capture(name + "/tables.elf.gz")));
        assertThat(core.image().ranges()).hasSize(segments)
                .allMatch(r -> r.start() % 0x1000 == 0 && r.bytes() % 0x1000 == 0);
        assertThat(core.remarks()).isEmpty();
    }

    @Test
    void coresOfProcessesAndOfOtherMachinesAreRefused() throws IOException {
        Path folder = LabFiles.shared("corpora/elf-pyelftools");
        Refused.at(4, "e_ident.class", "0x1",
                () -> ElfCore.read(Content.open(folder.resolve("core_linux32.elf"))));
        assertThat(FileKind.of(folder.resolve("core_linux64.elf"))).isEqualTo(FileKind.ELF);
        Refused.with("p_paddr", "0x0",
                () -> ElfCore.read(Content.open(folder.resolve("core_linux64.elf"))));
    }
}
