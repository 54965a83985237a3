// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import kdump.importers.acpi.DmarBytes;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Captures with pieces missing, doubled or damaged. The whole one is a copy of vtd1. */
class CaptureDirectoryImporterTest {

    private static final String IOMEM = "guest/iomem";
    private static final String KERNEL = "The dump says: kernel 6.1.0-56-amd64.";
    private static final String QEMU = "QEMU made the VT-d unit: it caches no table entries above"
            + " the pages and sees what processors write at once.";
    private static final String PROFILE = "Runs are under the hardware profile qemu-7.2, unless"
            + " --hardware says otherwise: the unit has nothing that only newer ones have.";
    private static final String IO_APICS = "Of I/O APICs only their ids are known (0: 0000:ff:00.0):"
            + " 24 inputs each are assumed, and an 8259A that is wired to LINT0.";
    private static final String DMAR = "guest/acpi/DMAR.aml";

    private final CaptureDirectoryImporter importer = new CaptureDirectoryImporter();

    @TempDir
    Path temp;

    private Path folder;

    @BeforeEach
    void copyACapture() throws IOException {
        folder = temp.resolve("machine.1");
        Path whole = LabFiles.capture("vtd1");
        for (String name : new String[] {"tables.elf.gz", "iommu-regs.json", "guest/cmdline",
            IOMEM, "guest/lspci-vvv-xxxx.txt", DMAR}) {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.copy(whole.resolve(name), folder.resolve(name));
        }
    }

    private void drop(String name) throws IOException {
        Files.delete(folder.resolve(name));
    }

    private void put(String name, String content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), content);
    }

    private void move(String from, String to) throws IOException {
        Files.createDirectories(folder.resolve(to).getParent());
        Files.move(folder.resolve(from), folder.resolve(to));
    }

    private MachineDescription read() throws IOException {
        assertThat(importer.accepts(folder)).isTrue();
        return importer.read(folder, null);
    }

    private byte[] core() throws IOException {
        try (InputStream in = new GZIPInputStream(
                Files.newInputStream(folder.resolve("tables.elf.gz")))) {
            return in.readAllBytes();
        }
    }

    @Test
    void aDirectoryKeepsItsWholeName() throws IOException {
        assertThat(read().name()).isEqualTo("machine.1");
        assertThat(importer.read(folder.resolve("guest/.."), null).name())
                .isEqualTo("machine.1");
    }

    @Test
    void aPlainCoreIsReadLikeAGzippedOne() throws IOException {
        MachineDescription packed = read();
        Files.write(folder.resolve("vmcore"), core());
        drop("tables.elf.gz");
        MachineDescription plain = read();
        assertThat(plain.image().ranges()).isEqualTo(packed.image().ranges());
        for (AddressRange range : plain.image().ranges()) {
            byte[] one = new byte[(int) range.bytes()];
            byte[] other = new byte[one.length];
            packed.image().read(range.start(), one, 0, one.length);
            plain.image().read(range.start(), other, 0, one.length);
            assertThat(other).isEqualTo(one);
        }
    }

    @Test
    void factsMayLieDeeperAndTheLeastDeepIsTaken() throws IOException {
        move("guest/cmdline", "guest/x/y/cmdline");
        assertThat(read().commandLine()).startsWith("console");
        put("guest/x/cmdline", "nearer");
        assertThat(read().commandLine()).isEqualTo("nearer");
        put("guest/a/cmdline", "first");
        assertThat(read().commandLine()).isEqualTo("first");
    }

    @Test
    void theCrashedMachineIsPreferred() throws IOException {
        put("guest-crashed/cmdline", "crashed");
        MachineDescription machine = read();
        assertThat(machine.commandLine()).isEqualTo("crashed");
        assertThat(machine.functions()).isEmpty();
    }

    @Test
    void anElfCoreIsPreferredToACompressedDump() throws IOException {
        put("tables.kdump", "KDUMP   ");
        put("aaa", "KDUMP   ");
        assertThat(read().remarks()).containsExactly(KERNEL, QEMU, PROFILE, IO_APICS);
    }

    @Test
    void aSecondCoreIsRemarked() throws IOException {
        Files.write(folder.resolve("vmcore.elf"), core());
        assertThat(read().remarks())
                .contains("Not read: vmcore.elf, as tables.elf.gz is.");
    }

    @Test
    void compressedDumpsThatBreakOffAreRefused() throws IOException {
        drop("tables.elf.gz");
        put("vmcore.flat", "makedumpfile\0\0\0\0");
        Refused.at(16, "flattened.type", "end of the file", this::read);
        drop("vmcore.flat");
        put("vmcore", "KDUMP   ");
        Refused.at(0, "disk_dump_header", "end of the file", this::read);
    }

    @Test
    void aDirectoryWithoutDumpBootsCold() throws IOException {
        drop("tables.elf.gz");
        MachineDescription machine = read();
        assertThat(machine.image().ranges()).isEmpty();
        assertThat(machine.functions()).hasSize(17);
        assertThat(machine.driverMemory()).hasSize(7);
        assertThat(machine.units().get(0).profile().registers().keySet())
                .containsExactly(0x00, 0x08, 0x0c, 0x10, 0x14);
        assertThat(machine.remarks()).anyMatch(
                r -> r.startsWith("No dump: tables are made here by a cold boot"));
    }

    @Test
    void theLastDumpOfASosreportGoesWithWhatItSays() throws IOException {
        move("tables.elf.gz", "var/crash/127.0.0.1-2026-11-28-10:44/vmcore");
        put("var/crash/127.0.0.1-2025-01-01-00:00/vmcore", "not this one");
        move("guest", "sos_commands");
        MachineDescription machine = read();
        assertThat(machine.functions()).hasSize(17);
        assertThat(machine.driverMemory()).isEmpty();
        assertThat(machine.remarks()).contains("The dump is the one in"
                + " 127.0.0.1-2026-11-28-10:44, the last of 2 by name.");
    }

    @Test
    void aFolderOfCrashesIsTheLastOfThem() throws IOException {
        Path crash = Files.createDirectories(temp.resolve("crash/202611281044"));
        Files.copy(folder.resolve("tables.elf.gz"), crash.resolve("dump.202611281044"));
        Files.writeString(crash.resolve("dmesg.202611281044"),
                "[    0.0] Command line: intel_iommu=on\n");
        assertThat(importer.accepts(temp.resolve("crash"))).isTrue();
        MachineDescription machine = importer.read(temp.resolve("crash"), null);
        assertThat(machine.units()).hasSize(1);
        assertThat(machine.commandLine()).isEqualTo("intel_iommu=on");
    }

    @Test
    void aDirectoryThatTellsOfNoMachineIsNotAccepted() throws IOException {
        Path other = Files.createDirectories(temp.resolve("other"));
        Files.writeString(other.resolve("vmcoreinfo.txt"), "OSRELEASE=6.1");
        assertThat(importer.accepts(other)).isFalse();
    }

    @Test
    void aDamagedGzipFileIsAcceptedAndThenRefused() throws IOException {
        byte[] packed = Files.readAllBytes(folder.resolve("tables.elf.gz"));
        Files.write(folder.resolve("tables.elf.gz"), java.util.Arrays.copyOf(packed, 9000));
        Refused.with("gzip", "end of the file", this::read);
        Files.write(folder.resolve("tables.elf.gz"), java.util.Arrays.copyOf(packed, 5));
        Refused.with("gzip", "end of the file", this::read);
    }

    @Test
    void withoutRegistersTheyAreMadeUp() throws IOException {
        int rootTable = read().units().get(0).profile().registers().get(0x20);
        drop("iommu-regs.json");
        MachineDescription machine = read();
        assertThat(machine.units().get(0).profile().registers())
                .containsEntry(0x20, rootTable);
        assertThat(machine.remarks())
                .contains("No registers captured of the unit at 0xfed90000.")
                .anyMatch(r -> r.startsWith("Root table of the unit at 0xfed90000: 0x"
                        + Integer.toHexString(rootTable)));
    }

    @Test
    void withoutRegistersAndTablesTheUnitHasNone() throws IOException {
        drop("iommu-regs.json");
        put(IOMEM, "01000000-011c2fff : System RAM\n");
        MachineDescription machine = read();
        assertThat(machine.units().get(0).profile().registers()).isEmpty();
        assertThat(machine.remarks()).anyMatch(r -> r.contains("no root table among 0 pages"));
    }

    @Test
    void registersAreFoundByEitherName() throws IOException {
        move("iommu-regs.json", "regs-crash.json");
        assertThat(read().units().get(0).profile().registers()).hasSize(140);
    }

    @Test
    void registersGivenWinOverThoseFound() throws IOException {
        put("other.json", "{\"base\": \"0xfed90000\", \"dwords\": {\"0x0\": \"0x10\"}}");
        MachineDescription machine = importer.read(folder, folder.resolve("other.json"));
        assertThat(machine.units().get(0).profile().registers()).hasSize(1);
    }

    @Test
    void registersGivenButAbsentAreNoFormatFault() {
        assertThatThrownBy(() -> importer.read(folder, folder.resolve("absent.json")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void tablesAsCopiedGoWithTheRegistersOfTheCaptureKernel() throws IOException {
        move("tables.elf.gz", "tables-as-copied.elf.gz");
        put("regs-capture.json", "{\"base\": \"0xfed90000\", \"dwords\": {\"0x0\": \"0x60\"}}");
        assertThat(read().units().get(0).profile().registers()).containsExactly(
                java.util.Map.entry(0, 0x60));
    }

    @Test
    void withoutIomemRamIsWhatTheCoreHoldsAndSomeMoreIfThatIsLittle() throws IOException {
        drop(IOMEM);
        MachineDescription machine = read();
        assertThat(machine.memoryMap().regions())
                .allMatch(r -> r.kind() == MemoryKind.SYSTEM_RAM);
        assertThat(machine.memoryMap().ranges(MemoryKind.SYSTEM_RAM)).containsExactly(
                new AddressRange(0x1000, 0x9f000), new AddressRange(0x10_0000, 0x8000_0000L));
        assertThat(machine.crashReservation()).isNull();
        assertThat(machine.remarks())
                .startsWith(KERNEL, "No iomem: System RAM is what the dump holds.")
                .endsWith(QEMU, PROFILE, IO_APICS).hasSize(6)
                .anyMatch(r -> r.matches("These \\d+ KiB are no kernel's memory: 2 GiB beside"
                        + " them are assumed."));
    }

    @Test
    void capturedMemoryOutsideTheMapIsLeftOut() throws IOException {
        put(IOMEM, "01000000-01ffffff : System RAM\n");
        MachineDescription machine = read();
        assertThat(machine.image().ranges()).isNotEmpty()
                .allMatch(r -> r.end() <= 0x2000000);
        assertThat(machine.remarks()).anyMatch(r -> r.contains("lie outside RAM and ROM"));
    }

    @Test
    void theReservationOfTheMachineIsUsed() throws IOException {
        put(IOMEM, """
                00100000-0fffffff : System RAM
                  04000000-05ffffff : Crash kernel
                  08000000-0bffffff : Crash kernel
                """);
        MachineDescription machine = read();
        assertThat(machine.crashReservation()).isEqualTo(AddressRange.of(0x8000000, 0x4000000));
        assertThat(machine.remarks())
                .containsExactly(KERNEL, QEMU, PROFILE, IO_APICS,
                        "There are 2 crash reservations; the largest is used.");
    }

    @Test
    void withoutLspciThereAreNoFunctions() throws IOException {
        drop("guest/lspci-vvv-xxxx.txt");
        MachineDescription machine = read();
        assertThat(machine.functions()).isEmpty();
        assertThat(machine.units().get(0).scopes()).hasSize(10);
        assertThat(machine.remarks()).contains("No lspci dump: no functions.");
    }

    @Test
    void sysfsStandsInForLspci() throws IOException {
        drop("guest/lspci-vvv-xxxx.txt");
        put("guest/sys/devices/pci0000:00/0000:00:02.0/config", "x".repeat(64));
        MachineDescription machine = read();
        assertThat(machine.functions()).singleElement()
                .matches(f -> f.requesterId() == 0x10 && f.config().length == 64);
        assertThat(machine.remarks()).contains("Functions are those of sysfs.");
    }

    @Test
    void functionsOfAFarSegmentAreRemarked() throws IOException {
        Path file = folder.resolve("guest/lspci-vvv-xxxx.txt");
        Files.writeString(file, Files.readString(file)
                .replaceFirst("(?m)^06:02.0 ", "10000:06:02.0 "));
        MachineDescription machine = read();
        assertThat(machine.functions()).hasSize(16);
        assertThat(machine.remarks()).anyMatch(r -> r.contains("10000:06:02.0"));
    }

    @Test
    void withoutDmarTheRegistersMakeTheUnit() throws IOException {
        drop(DMAR);
        MachineDescription machine = read();
        assertThat(machine.units()).singleElement().matches(u -> u.allOthers());
        assertThat(machine.unitOf(0x600)).isZero();
    }

    @Test
    void withoutDmarAndRegistersTheTablesMakeTheUnit() throws IOException {
        drop(DMAR);
        drop("iommu-regs.json");
        MachineDescription machine = read();
        assertThat(machine.units()).singleElement().matches(u -> u.allOthers());
        assertThat(machine.remarks()).contains(
                "One VT-d unit at 0xfed90000 is assumed to serve every function of segment 0.");
        put(IOMEM, "01000000-011c2fff : System RAM\n");
        assertThat(read().units()).isEmpty();
    }

    @Test
    void anotherTableUnderTheNameOfIvrsIsRefused() throws IOException {
        move(DMAR, "guest/acpi/IVRS.aml");
        Refused.at(0, "IVRS.signature", "0x52414d44", this::read);
    }

    @Test
    void registersOfAnotherBaseAreRefused() throws IOException {
        Files.write(folder.resolve(DMAR), new DmarBytes().drhd(1, 0, 0xfed91000L).table());
        Refused.with("base", "0xfed90000", this::read);
    }

    @Test
    void withoutCommandLineItIsEmpty() throws IOException {
        drop("guest/cmdline");
        assertThat(read().commandLine()).isEmpty();
    }

    @Test
    void aBareCoreWithRegistersIsAMachine() throws IOException {
        Path core = folder.resolve("tables.elf.gz");
        assertThat(importer.accepts(core)).isTrue();
        MachineDescription machine = importer.read(core, folder.resolve("iommu-regs.json"));
        assertThat(machine.name()).isEqualTo("tables");
        assertThat(machine.source()).startsWith("dump ");
        assertThat(machine.units()).hasSize(1);
        assertThat(machine.image().ranges()).hasSize(38);
    }

    @Test
    void aBareFileOfAnotherKindIsRefused() throws IOException {
        Path json = folder.resolve("iommu-regs.json");
        assertThat(importer.accepts(json)).isFalse();
        Refused.at(0, "signature", "neither", () -> importer.read(json, null));
        put("dump", "KDUMP   ");
        assertThat(importer.accepts(folder.resolve("dump"))).isTrue();
        Refused.at(0, "disk_dump_header", "end of the file",
                () -> importer.read(folder.resolve("dump"), null));
    }

    @Test
    void anAbsentSourceIsNotAcceptedAndNoFormatFault() {
        Path absent = temp.resolve("absent");
        assertThat(importer.accepts(absent)).isFalse();
        assertThatThrownBy(() -> importer.read(absent, null))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void whatTheCoreNamesAndDoesNotHoldIsRemarked() throws IOException {
        byte[] core = core();
        var header = ByteBuffer.wrap(core).order(ByteOrder.LITTLE_ENDIAN);
        int first = 64 + 56;
        header.putLong(first + 32, 0x800);
        Files.write(folder.resolve("tables.elf.gz"), core);
        assertThat(read().remarks()).contains(
                "The core names 0x800 bytes of memory that it does not hold.");
    }

    @Test
    void tooMuchMemoryWithoutIomemIsRefused() throws IOException {
        drop(IOMEM);
        byte[] core = core();
        drop("tables.elf.gz");
        var header = ByteBuffer.wrap(core).order(ByteOrder.LITTLE_ENDIAN);
        header.putShort(56, (short) 2);
        header.putLong(64 + 56 + 8, 0).putLong(64 + 56 + 24, 0).putLong(64 + 56 + 32, 1L << 40)
                .putLong(64 + 56 + 40, 1L << 40);
        Path sparse = folder.resolve("vmcore");
        Files.write(sparse, core);
        try (var file = new java.io.RandomAccessFile(sparse.toFile(), "rw")) {
            file.setLength(1L << 40);
        }
        Refused.at(0, "memory", "0x10000000000", this::read);
    }
}
