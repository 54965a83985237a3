// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import kdump.importers.LabFiles;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import kdump.importers.bytes.TextFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IomemTest {

    private static final String RAM = "00100000-0bffffff : System RAM\n";

    private static Iomem read(String text) throws FormatException {
        return Iomem.read(TextFile.of("iomem", text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Returns the regions, a line each: range, kind, label. */
    private static String regions(String text) throws FormatException {
        var lines = new StringBuilder();
        for (MemoryMap.Region region : read(text).map().regions()) {
            lines.append(region.range()).append(' ').append(region.kind()).append(' ')
                    .append(region.label()).append('\n');
        }
        return lines.toString();
    }

    @Test
    void whatIsReservedTwiceOrStolenIsStillMemory() throws IOException {
        Iomem iomem = Iomem.read(TextFile.of("iomem", """
                00100000-5fffffff : System RAM
                60000000-6fffffff : Reserved
                  6bb1e000-6db1dfff : Reserved
                  6e000000-6fffffff : Graphics Stolen Memory
                80000000-8fffffff : PCI MMCONFIG 0000 [bus 00-ff]
                """.getBytes(StandardCharsets.UTF_8)));
        assertThat(iomem.map().ranges(MemoryKind.FIRMWARE_RAM))
                .containsExactly(new AddressRange(0x6000_0000, 0x7000_0000));
    }

    @Test
    void withoutRootTheKernelHidesWhereRamIs() {
        assertThat(Iomem.isHidden(TextFile.of("iomem", "00000000-00000000 : Reserved\n00000000-0000"
                .concat("0000 : System RAM\n100000000-8ffffffff : PCI Bus 0000:00\n")
                .getBytes(StandardCharsets.UTF_8)))).isTrue();
        assertThat(Iomem.isHidden(TextFile.of("iomem", "00001000-0009ffff : System RAM\n"
                .getBytes(StandardCharsets.UTF_8)))).isFalse();
    }

    @Test
    void whatLiesInSystemRamStaysSystemRam() throws FormatException {
        assertThat(regions("""
                00100000-0bffffff : System RAM
                  06e00000-07c01d31 : Kernel code
                  07e00000-086eafff : Kernel rodata
                """)).isEqualTo("00100000-0bffffff SYSTEM_RAM System RAM\n");
    }

    @Test
    void aCrashReservationIsNamedAndStaysSystemRam() throws FormatException {
        Iomem iomem = read("""
                00100000-1bfcbfff : System RAM
                  07000000-10ffffff : Crash kernel
                """);
        assertThat(iomem.crashReservations())
                .containsExactly(new AddressRange(0x7000000, 0x11000000));
        assertThat(iomem.map().ranges(MemoryKind.SYSTEM_RAM))
                .containsExactly(new AddressRange(0x100000, 0x1bfcc000));
    }

    @Test
    void thereMayBeTwoCrashReservations() throws FormatException {
        assertThat(read("""
                00100000-7fffffff : System RAM
                  50000000-5fffffff : Crash kernel
                100000000-4ffffffff : System RAM
                  480000000-4bfffffff : Crash kernel
                """).crashReservations()).extracting(AddressRange::bytes)
                .containsExactly(0x10000000L, 0x40000000L);
    }

    @Test
    void aCrashReservationOutsideSystemRamIsRefused() {
        Refused.at(2, "line 2, Crash kernel", "0c000000-0c0fffff",
                () -> read(RAM + "0c000000-0c0fffff : Crash kernel\n"));
    }

    @Test
    void reservedBlocksBelowTheTopOfLowMemoryAreFirmwareRam() throws FormatException {
        assertThat(regions("""
                00000000-00000fff : Reserved
                00001000-0009fbff : System RAM
                0009fc00-0009ffff : reserved
                00100000-3fffffff : System RAM
                50000000-50000fff : ACPI Tables
                60000000-60000fff : ACPI Non-volatile Storage
                70000000-7fffffff : System RAM
                """)).isEqualTo("""
                00000000-00000fff FIRMWARE_RAM Reserved
                00001000-0009fbff SYSTEM_RAM System RAM
                0009fc00-0009ffff FIRMWARE_RAM reserved
                00100000-3fffffff SYSTEM_RAM System RAM
                50000000-50000fff FIRMWARE_RAM ACPI Tables
                60000000-60000fff FIRMWARE_RAM ACPI Non-volatile Storage
                70000000-7fffffff SYSTEM_RAM System RAM
                """);
    }

    @Test
    void reservedBlocksThatAdjoinRamThroughOthersAreFirmwareRam() throws FormatException {
        assertThat(regions("""
                00100000-7a288fff : System RAM
                7a289000-7af0afff : Reserved
                7af0b000-7b93afff : ACPI Non-volatile Storage
                7b93b000-7bab4fff : ACPI Tables
                fed1c000-fed1ffff : Reserved
                fffff000-ffffffff : RAM buffer
                100000000-17fffffff : System RAM
                180000000-180000fff : Reserved
                180002000-180002fff : Reserved
                1fffff000-1ffffffff : Reserved
                200000000-200000fff : System RAM
                """)).isEqualTo("""
                00100000-7a288fff SYSTEM_RAM System RAM
                7a289000-7af0afff FIRMWARE_RAM Reserved
                7af0b000-7b93afff FIRMWARE_RAM ACPI Non-volatile Storage
                7b93b000-7bab4fff FIRMWARE_RAM ACPI Tables
                100000000-17fffffff SYSTEM_RAM System RAM
                180000000-180000fff FIRMWARE_RAM Reserved
                1fffff000-1ffffffff FIRMWARE_RAM Reserved
                200000000-200000fff SYSTEM_RAM System RAM
                """);
    }

    @Test
    void nestedLinesRefineAReservedBlock() throws FormatException {
        assertThat(regions("""
                00001000-0009ffff : System RAM
                000a0000-000fffff : Reserved
                  000a0000-000bffff : PCI Bus 0000:00
                  000c0000-000c7fff : Video ROM
                  000e0000-000e3fff : Adapter ROM
                  000f0000-000fffff : System ROM
                00100000-7fffffff : System RAM
                80000000-8fffffff : Reserved
                  80000000-8effffff : PCI MMCONFIG 0000 [bus 00-ef]
                    80000000-8effffff : pnp 00:05
                """)).isEqualTo("""
                00001000-0009ffff SYSTEM_RAM System RAM
                000c0000-000c7fff ROM Video ROM
                000c8000-000dffff FIRMWARE_RAM Reserved
                000e0000-000e3fff ROM Adapter ROM
                000e4000-000effff FIRMWARE_RAM Reserved
                000f0000-000fffff ROM System ROM
                00100000-7fffffff SYSTEM_RAM System RAM
                8f000000-8fffffff FIRMWARE_RAM Reserved
                """);
    }

    @Test
    void aReservedBlockUpToFourGibIsRomWithAllItHolds() throws FormatException {
        assertThat(regions(RAM + """
                ff000000-ffffffff : Reserved
                  ff000000-ffffffff : INT0800:00
                    ff000000-ffffffff : pnp 00:04
                """)).endsWith("ff000000-ffffffff ROM Reserved\n").hasLineCount(2);
    }

    @Test
    void aReservedPartOfSystemRamIsFirmwareRam() throws FormatException {
        assertThat(regions("""
                100000000-1ffffffff : System RAM
                  180000000-180000fff : Reserved
                """)).isEqualTo("""
                100000000-17fffffff SYSTEM_RAM System RAM
                180000000-180000fff FIRMWARE_RAM Reserved
                180001000-1ffffffff SYSTEM_RAM System RAM
                """);
    }

    @Test
    void devicesAndHolesAreNotListed() throws FormatException {
        assertThat(regions(RAM + """
                0c000000-afffffff : PCI Bus 0000:00
                b0000000-bfffffff : PCI MMCONFIG 0000 [bus 00-ff]
                  b0000000-bfffffff : Reserved
                    b0000000-bfffffff : pnp 00:05
                c0000000-febfffff : PCI Bus 0000:00
                  fd200000-fd3fffff : PCI Bus 0000:06
                fec00000-fec003ff : IOAPIC 0
                fed90000-fed90fff : dmar0
                fd00000000-ffffffffff : Reserved
                """)).isEqualTo("00100000-0bffffff SYSTEM_RAM System RAM\n");
    }

    @Test
    void ramThatMeetsIsOneRegion() throws FormatException {
        assertThat(read("00000000-0fffffff : System RAM\n10000000-1fffffff : System RAM\n").map()
                .ranges(MemoryKind.SYSTEM_RAM)).containsExactly(new AddressRange(0, 0x20000000));
    }

    @Test
    void aFileReadWithoutRootIsRefused() {
        Refused.at(1, "line 1, range", "no address but zero", () -> read("""
                00000000-00000000 : Reserved
                00000000-00000000 : System RAM
                  00000000-00000000 : Kernel code
                """));
        Refused.with("line 1, range", "no address but zero", () -> read("\n"));
    }

    @Test
    void aFileWithoutSystemRamIsRefused() {
        Refused.with("line 1, System RAM", "no such line",
                () -> read("00000000-00000fff : Reserved\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"System RAM", "0-1: System RAM", "0 - 1 : x", "0-1 :x", "0-g : x",
        "-1 : x", "00000000000000000-1 : x", "\t0-1 : x", "0x0-0x1 : x", "0-A : x"})
    void aLineOfAnotherFormIsRefused(String line) {
        Refused.at(2, "line 2, resource", "", () -> read(RAM + line));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0c000001-0c000000 : x", "10000000000000-10000000000000 : x",
        "0c000000-ffffffffffffffff : x", "ffffffffffffffff-ffffffffffffffff : x",
        "8000000000000000-9000000000000000 : x"})
    void aRangeThatIsNoneIsRefused(String line) {
        Refused.at(2, "line 2, range", line.substring(0, line.indexOf(' ')),
                () -> read(RAM + line));
    }

    @ParameterizedTest
    @CsvSource({"'  00000000-000fffff : x'", "'  0bffffff-0c000000 : x'",
        "'  0c000000-0c000000 : x'", "'00000000-000fffff : x'", "'0bffffff-0c000000 : x'"})
    void aRangeOutOfPlaceIsRefused(String line) {
        Refused.at(2, "line 2, range", "", () -> read(RAM + line));
    }

    @Test
    void childrenThatOverlapAreRefused() {
        Refused.at(3, "line 3, range", "00200fff-00201fff", () -> read(RAM
                + "  00200000-00200fff : a\n  00200fff-00201fff : b\n"));
    }

    @Test
    void cousinsAreNotCompared() throws FormatException {
        assertThat(read("""
                00100000-001fffff : System RAM
                  00180000-00180fff : a
                00200000-002fffff : System RAM
                  00200000-00200fff : b
                """).map().regions()).hasSize(1);
    }

    @Test
    void anIndentationThatLeavesAStepOutIsRefused() {
        Refused.at(2, "line 2, indentation", "4 spaces", () -> read(RAM + "    00200000-2 : a"));
        Refused.at(2, "line 2, indentation", "1 spaces", () -> read(RAM + " 00200000-2 : a"));
        Refused.at(1, "line 1, indentation", "2 spaces", () -> read("  " + RAM));
    }

    @Test
    void endlessNestingIsRefused() {
        var text = new StringBuilder();
        for (int depth = 0; depth < 100; depth++) {
            text.append("  ".repeat(depth)).append(RAM);
        }
        Refused.at(10, "line 10, indentation", "18 spaces", () -> read(text.toString()));
    }

    @Test
    void moreMemoryThanCanBeSimulatedIsRefused() throws FormatException {
        assertThat(read("00000000-efffffffff : System RAM\n").map().regions()).hasSize(1);
        Refused.with("line 1, RAM and ROM", "0x", () -> read("0-ffffffffff : System RAM\n"));
    }

    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        byte[] good = Files.readAllBytes(LabFiles.capture("vtd1/guest/iomem"));
        Mutations.survive("iomem", good, bad -> {
            Iomem iomem = Iomem.read(TextFile.of("iomem", bad));
            iomem.map().memory(1);
        });
    }

    @Test
    void aRealFileWithAReservationIsRead() throws IOException {
        var file = LabFiles.shared("captures/kdvtd1/guest-crashed/iomem");
        assertThat(Iomem.read(TextFile.read(file, Iomem.MAX_BYTES)).crashReservations())
                .containsExactly(new AddressRange(0x7000000, 0x11000000));
    }
}
