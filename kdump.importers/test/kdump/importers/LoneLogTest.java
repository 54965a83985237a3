// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A boot log and nothing else is a machine that boots cold. */
class LoneLogTest {

    private static final String LOG = """
            [    0.000000] Linux version 6.14.0-37-generic (builder@host) #37 SMP
            [    0.000000] Command line: intel_iommu=on crashkernel=256M
            [    0.000000] BIOS-e820: [mem 0x0000000000001000-0x000000000009ffff] usable
            [    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000007fffffff] usable
            [    0.000000] BIOS-e820: [mem 0x0000000080000000-0x000000008fffffff] reserved
            [    0.000000] crashkernel reserved: 0x0000000060000000 - 0x0000000070000000 (256 MB)
            [    0.100000] DMAR: DRHD base: 0x000000fed90000 flags: 0x0
            [    0.100000] DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 1c0000c40660462 ecap 1
            [    0.100000] DMAR: DRHD base: 0x000000fed91000 flags: 0x1
            [    0.100000] DMAR: dmar1: reg_base_addr fed91000 ver 1:0 cap d2008c40660462 ecap 2
            [    0.100000] DMAR: RMRR base: 0x00000080400000 end: 0x0000008040ffff
            [    0.100000] DMAR: RMRR base: 0x00000088000000 end: 0x0000008bffffff
            [    0.400000] pci 0000:00:00.0: [8086:1904] type 00 class 0x060000
            [    0.400000] pci 0000:00:02.0: [8086:1916] type 00 class 0x030000
            [    0.400000] pci 0000:00:14.0: [8086:9d2f] type 00 class 0x0c0330
            [    0.400000] pci 0000:00:1c.0: [8086:9d10] type 01 class 0x060400
            [    0.400000] pci 0000:00:1c.0: PCI bridge to [bus 01]
            [    0.400000] pci 0000:01:00.0: [144d:a802] type 00 class 0x010802
            """;

    private final CaptureDirectoryImporter importer = new CaptureDirectoryImporter();

    @TempDir
    Path folder;

    private MachineDescription read(String text) throws IOException {
        Path file = folder.resolve("from-a-mail.txt");
        Files.writeString(file, text);
        assertThat(importer.accepts(file)).isTrue();
        return importer.read(file, null);
    }

    @Test
    void memoryKernelAndCommandLineAreTold() throws IOException {
        MachineDescription machine = read(LOG);
        assertThat(machine.name()).isEqualTo("from-a-mail");
        assertThat(machine.kernelRelease()).isEqualTo("6.14.0-37-generic");
        assertThat(machine.commandLine()).isEqualTo("intel_iommu=on crashkernel=256M");
        assertThat(machine.crashReservation())
                .isEqualTo(AddressRange.of(0x6000_0000, 256L << 20));
        assertThat(machine.memoryMap().kindAt(0x7fff_f000)).isEqualTo(MemoryKind.SYSTEM_RAM);
        assertThat(machine.memoryMap().kindAt(0x8040_0000L)).isEqualTo(MemoryKind.FIRMWARE_RAM);
        assertThat(machine.image().ranges()).isEmpty();
    }

    /** Logs of earlier boots are packed, and dmesg colours what it prints if it is asked to. */
    @Test
    void packedOrColouredItTellsTheSame() throws IOException {
        MachineDescription plain = read(LOG);
        MachineDescription coloured = read(LOG.replace("[ ", "\u001b[32m[ ")
                .replace("] DMAR", "] \u001b[0m\u001b[33mDMAR\u001b[0m"));
        Path packed = folder.resolve("from-a-mail.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(LOG.getBytes(StandardCharsets.UTF_8));
        }
        assertThat(importer.accepts(packed)).isTrue();
        for (MachineDescription other : List.of(coloured, importer.read(packed, null))) {
            assertThat(other.functions()).hasSameSizeAs(plain.functions());
            assertThat(other.units()).isEqualTo(plain.units());
            assertThat(other.memoryMap().ranges(MemoryKind.SYSTEM_RAM))
                    .isEqualTo(plain.memoryMap().ranges(MemoryKind.SYSTEM_RAM));
            assertThat(other.commandLine()).isEqualTo(plain.commandLine());
        }
    }

    @Test
    void aCopyOfSysfsAloneIsAMachineToo() throws IOException {
        Path function = Files.createDirectories(
                folder.resolve("copy/sys/devices/pci0000:00/0000:00:02.0"));
        Path copy = folder.resolve("copy");
        assertThat(importer.accepts(copy)).isTrue();
        assertThatThrownBy(() -> importer.read(copy, null)).isInstanceOf(FormatException.class)
                .hasMessageContaining("no memory, function or unit");
        byte[] config = new byte[256];
        config[0] = 0x44;
        config[0x0b] = 1;
        Files.write(function.resolve("config"), config);
        assertThat(importer.read(copy, null).functions()).singleElement()
                .satisfies(f -> assertThat(f.classCode() >>> 16).isEqualTo(1));
    }

    @Test
    void theFirstUnitOfADesktopIsTheGraphics() throws IOException {
        MachineDescription machine = read(LOG);
        assertThat(machine.unitOf(RequesterId.parse("00:02.0"))).isZero();
        assertThat(machine.unitOf(RequesterId.parse("01:00.0"))).isEqualTo(1);
        assertThat(machine.units().get(1).profile().registers()).containsEntry(0x10, 2);
        assertThat(machine.remarks()).anyMatch(r -> r.contains("is taken to serve 0000:00:02.0"));
    }

    @Test
    void reservedRegionsGoToThoseThatUsuallyNeedThem() throws IOException {
        MachineDescription machine = read(LOG);
        assertThat(machine.reservedFor(RequesterId.parse("00:14.0")))
                .containsExactly(new AddressRange(0x8040_0000L, 0x8041_0000L));
        assertThat(machine.reservedFor(RequesterId.parse("00:02.0")))
                .containsExactly(new AddressRange(0x8800_0000L, 0x8c00_0000L));
        assertThat(machine.reservedFor(RequesterId.parse("01:00.0"))).isEmpty();
    }

    @Test
    void driversMapByClass() throws IOException {
        MachineDescription machine = read(LOG);
        assertThat(machine.driverMemory()).containsExactly(
                new DriverMemory(RequesterId.parse("00:02.0"), 64, 0, 0, 0),
                new DriverMemory(RequesterId.parse("00:14.0"), 32, 0, 0, 0),
                new DriverMemory(RequesterId.parse("01:00.0"), 64, 32, 0, 0));
        assertThat(machine.remarks()).anyMatch(r -> r.contains("made here by a cold boot"));
    }

    @Test
    void anAmdMachineHasOneUnitForAll() throws IOException {
        MachineDescription machine = read("""
                [    0.000000] Linux version 5.10.0-8-amd64 (builder@host) #1 SMP
                [    0.400000] pci 0000:01:00.0: [144d:a802] type 00 class 0x010802
                [    1.400000] pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40
                [    1.400000] AMD-Vi: Extended features (0x29d3): PreF PPR GT IA GA HE
                """);
        assertThat(machine.units()).singleElement().satisfies(unit -> {
            assertThat(unit.profile().vendor()).isEqualTo("amdvi");
            assertThat(unit.profile().registers()).containsEntry(0x30, 0x29d3);
            assertThat(unit.allOthers()).isTrue();
        });
        assertThat(machine.remarks()).contains("Nothing tells of memory: 2 GiB of it are assumed.");
    }

    /** Else all of the machine would be assumed. */
    @ParameterizedTest
    @ValueSource(strings = {"foo\n", "", "[    0.000000] Linux version 6.1.0 (builder@host)\n"})
    void aFolderThatTellsOfNoMachineIsRefused(String log) throws IOException {
        put("dmesg.txt", log);
        assertThatThrownBy(() -> importer.read(folder, null)).isInstanceOf(FormatException.class)
                .hasMessageContaining("no memory, function or unit").hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "just a text\n", "[    0.0] Linux version 6.1\0"})
    void otherFilesAreNotTaken(String text) throws IOException {
        Path file = folder.resolve("text");
        Files.writeString(file, text);
        assertThat(importer.accepts(file)).isFalse();
    }

    @Test
    void sosreportsAreReadWhereverTheirFilesLie() throws IOException {
        put("proc/cmdline", "intel_iommu=on\n");
        put("proc/iomem", "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n"
                + "100000000-1ffffffff : PCI Bus 0000:00\n");
        put("sos_commands/kernel/dmesg", LOG);
        put("sos_commands/kernel/uname_-a", "Linux host 6.14.0-99-generic #1 SMP\n");
        assertThat(importer.accepts(folder)).isTrue();
        MachineDescription machine = importer.read(folder, null);
        assertThat(machine.functions()).hasSize(5);
        assertThat(machine.commandLine()).isEqualTo("intel_iommu=on");
        assertThat(machine.kernelRelease()).isEqualTo("6.14.0-37-generic");
        assertThat(machine.remarks()).anyMatch(r -> r.startsWith("iomem was read without root"))
                .anyMatch(r -> r.startsWith("Memory is as firmware told the kernel"));
    }

    private void put(String name, String content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), content);
    }
}
