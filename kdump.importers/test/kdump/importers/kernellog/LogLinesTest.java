// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionTable;
import kdump.importers.proc.Iomem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One line of a log, in the words of each generation of kernels, and what is taken from it. */
class LogLinesTest {

    private static KernelLog log(String lines) {
        return KernelLog.of(TextFile.of("dmesg",
                lines.replace("\\n", "\n").getBytes(StandardCharsets.UTF_8)));
    }

    // ---- what comes before a message ------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = false, value = {
        "word|word",
        "[    0.000000] word|word",
        "[12345.678901] word|word",
        "[    0.0] word  |word",
        "<6>word|word",
        "<6>[    1.234567] word|word",
        "<134>[    1.234567] word|word",
        "[    1.234567][    T1] word|word",
        "[    1.234567] [    T1] word|word",
        "[    1.234567][  C123] word|word",
        "[Thu Oct 16 11:31:00 2008] word|word",
        "[Sun Nov  9 01:02:03 2025] word|word",
        "Oct 16 11:31:00 host kernel: word|word",
        "Oct 16 11:31:00 host kernel: [    1.234567] word|word",
        "Oct 16 11:31:00 host kernel: [    1.234567] [ T9] word|word",
        "2025-11-09T01:02:03.456789+01:00 host kernel: word|word",
        "\u001b[32m[    1.234567] \u001b[0m\u001b[33mword\u001b[0;1m|word",
        "[ word] word|[ word] word",
        "[1] word|[1] word",
        "(1.5) word|(1.5) word",
        "[    1.234567]  two blanks| two blanks"})
    void aMessageIsWhatFollows(String line, String message) {
        assertThat(log(line).messages()).containsExactly(message);
    }

    @Test
    void aLineIsCutWhereNoKernelPrintsOn() {
        assertThat(log("x".repeat(1999)).messages().get(0)).hasSize(1999);
        assertThat(log("x".repeat(2000)).messages().get(0)).hasSize(2000);
        assertThat(log("x".repeat(2001)).messages().get(0)).hasSize(2000);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "Linux version 6.1.0-56-amd64 (debian)              | 6.1.0-56-amd64",
        "Linux version 2.6.32-5-amd64 (Debian 2.6.32-48) \\n[ 1.0] Linux version 3 "
            + "| 2.6.32-5-amd64",
        "noise\\n[    0.0] Linux version 7.3.0-rc4 (x@y)      | 7.3.0-rc4",
        "Linux version                                      | ''",
        "linux version 6.1                                  | ''",
        "about Linux version 6.1                            | ''"})
    void theVersionIsThatOfTheFirstBoot(String lines, String release) {
        assertThat(log(lines).release()).isEqualTo(release);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "Command line: quiet crashkernel=1G             | quiet crashkernel=1G",
        "Kernel command line: ro root=/dev/sda1         | ro root=/dev/sda1",
        "[    0.0] Command line: a\\n[ 0.1] Kernel command line: b | a",
        "Command line:                                  | ''",
        "Unknown kernel command line parameters: x      | ''",
        "the Command line: x                            | ''"})
    void theCommandLineIsTheFirst(String lines, String command) {
        assertThat(log(lines).commandLine()).isEqualTo(command);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "Linux version 6.1.0 (x)                                    | 1",
        "Linux version unknown                                      | 0",
        "BIOS-e820: [mem 0x0-0xfff] usable                          | 1",
        "[    0.0] BIOS-e820: [mem 0x0-0xfff] usable                | 1",
        "dmar: DMAR:DRHD base: 0xfed90000                           | 1",
        "DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 1 ecap 2   | 1",
        "intel_iommu: reg_base_addr fed90000 ver 1:0                | 1",
        "Command line: quiet                                        | 1",
        "Kernel command line: quiet                                 | 0",
        "pci 0000:00:1f.2: [8086:1d02] type 00 class 0x010601       | 1",
        "pci 0000:00:1f.8: no function                              | 0",
        "AMD-Vi: Found IOMMU at 0000:00:00.2 cap 0x40               | 1",
        "amd-vi: nothing                                            | 0",
        "usb 1-1: new device                                        | 0"})
    void aLineTellsOfAMachineOrNot(String line, int telling) {
        assertThat(KernelLog.tellingLines(
                TextFile.of("x", line.getBytes(StandardCharsets.UTF_8)))).isEqualTo(telling);
    }

    // ---- functions ------------------------------------------------------------------------------

    private final FunctionTable table = new FunctionTable();

    private FunctionConfig only(String lines) {
        LoggedFunctions.read(log(lines), table);
        return table.configs(new ArrayList<>()).stream()
                .filter(f -> f.requesterId() == 0x100).findFirst().orElse(null);
    }

    private static final String FOUND =
            "pci 0000:01:00.0: [8086:10d3] type 00 class 0x020000 PCIe Endpoint\\n";

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "[8086:10d3] type 00 class 0x020000                     | 0x10d38086 | 0x020000 | 0",
        "[8086:10d3] type 00 class 0x020000 PCIe Endpoint       | 0x10d38086 | 0x020000 | 0",
        "[8086:10d3] type 00 class 0x020000 conventional PCI endpoint | 0x10d38086 | 0x020000 | 0",
        "found [8086:10d3] type 00 class 0x020000               | 0x10d38086 | 0x020000 | 0",
        "[8086:10d3] type 80 class 0x020000                     | 0x10d38086 | 0x020000 | 0",
        "[8086:10d3] type 0 class 0x000200                      | 0x10d38086 | 0x020000 | 0",
        "found [8086:10d3] class 000200 header type 00          |            |          |",
        "[8086:0e04] type 01 class 0x060400 PCIe Root Port      | 0x0e048086 | 0x060400 | 1",
        "[8086:0e04] type 81 class 0x060400                     | 0x0e048086 | 0x060400 | 1",
        "[8086:0e04] type 1 class 0x000604                      | 0x0e048086 | 0x060400 | 1",
        "[144d:a808] type 00 class 0x010802                     | 0xa808144d | 0x010802 | 0",
        "[8086:10D3] type 00 class 0x020000                     |            |          |",
        "[8086:10d3] type 00 class 0x20000                      |            |          |"})
    void aFunctionIsFound(String said, String ids, String classCode, Integer header) {
        FunctionConfig found = only("pci 0000:01:00.0: " + said);
        if (ids == null) {
            assertThat(found).isNull();
            return;
        }
        assertThat(found.read(0, 4)).isEqualTo(Long.decode(ids).intValue());
        assertThat(found.classCode()).isEqualTo(Integer.decode(classCode));
        assertThat(found.headerType()).isEqualTo(header);
    }

    /** The base address register that a line fills, and with what. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "BAR 0 [mem 0xfda40000-0xfda5ffff]                 | 0x10 | 0xfda40000",
        "BAR 1 [mem 0xfda40000-0xfda5ffff]                 | 0x14 | 0xfda40000",
        "BAR 0 [mem 0xfda40000-0xfda5ffff 64bit]           | 0x10 | 0xfda40004",
        "BAR 0 [mem 0xfda40000-0xfda5ffff 64bit pref]      | 0x10 | 0xfda4000c",
        "BAR 0 [mem 0xfda40000-0xfda5ffff pref]            | 0x10 | 0xfda40008",
        "BAR 2 [io  0x4000-0x401f]                         | 0x18 | 0x4001",
        "BAR 0 [mem 0x1fda40000-0x1fda5ffff 64bit]         | 0x10 | 0xfda40004",
        "BAR 0 [mem 0x1fda40000-0x1fda5ffff 64bit]         | 0x14 | 1",
        "BAR 5: assigned [mem 0xfda40000-0xfda40fff]       | 0x24 | 0xfda40000",
        "BAR 5 [mem 0xfda40000-0xfda40fff]: assigned       | 0x24 | 0xfda40000",
        "reg 0x10: [mem 0xfda40000-0xfda5ffff]             | 0x10 | 0xfda40000",
        "reg 0x24: [mem 0xfda40000-0xfda5ffff]             | 0x24 | 0xfda40000",
        "reg 0x20: [io  0xf020-0xf03f]                     | 0x20 | 0xf021",
        "reg 20: [io  0xf020-0xf03f]                       | 0x20 | 0xf021",
        "reg 10: [mem 0xfda40000-0xfda5ffff 64bit pref]    | 0x10 | 0xfda4000c",
        "reg 10 32bit mmio: [0xfda40000-0xfda5ffff]        | 0x10 | 0xfda40000",
        "reg 10 32bit mmio pref: [0xfda40000-0xfda5ffff]   | 0x10 | 0xfda40008",
        "reg 10 64bit mmio: [0xfda40000-0xfda5ffff]        | 0x10 | 0xfda40004",
        "reg 18 io port: [0x4000-0x401f]                   | 0x18 | 0x4001",
        "reg 0x0c: [mem 0xfda40000-0xfda5ffff]             | 0x10 | 0",
        "reg 0x12: [mem 0xfda40000-0xfda5ffff]             | 0x10 | 0",
        "reg 0x30: [mem 0xfda40000-0xfda5ffff]             | 0x10 | 0",
        "ROM [mem 0xfda40000-0xfda5ffff pref]              | 0x10 | 0",
        "BAR 6 [mem 0xfda40000-0xfda5ffff]                 | 0x10 | 0",
        "BAR 0 [mem 0xfda40000-0xfda3ffff]                 | 0x10 | 0",
        "BAR 0 [mem 0xfda40000-0xfda4ffff 32bit]           | 0x10 | 0",
        "BAR 0 [bus 00-ff]                                 | 0x10 | 0"})
    void aBaseAddressIsTold(String said, String register, String value) {
        FunctionConfig found = only(FOUND + "pci 0000:01:00.0: " + said);
        assertThat(found.read(Integer.decode(register), 4) & 0xffff_ffffL)
                .isEqualTo((long) Long.decode(value));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "PCI bridge to [bus 02]                            | 2 | 2",
        "PCI bridge to [bus 02-02]                         | 2 | 2",
        "PCI bridge to [bus 02-0f]                         | 2 | 15",
        "PCI bridge to [bus 02-ff] (subtractive decode)    | 2 | 255",
        "PCI bridge, secondary bus 0000:02                 | 2 | 2",
        "PCI bridge to [bus 01]                            | 0 | 0",
        "PCI bridge to [bus 2-3]                           | 0 | 0"})
    void aBridgeLeadsToBuses(String said, int first, int last) {
        FunctionConfig found = only("pci 0000:01:00.0: [8086:0e04] type 01 class 0x060400\\n"
                + "pci 0000:01:00.0: " + said);
        assertThat(found.u8(0x19)).isEqualTo(first);
        assertThat(found.u8(0x1a)).isEqualTo(last);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "e1000e 0000:01:00.0: Interrupt Throttling Rate set      | e1000e",
        "e1000e 0000:01:00.0 eth0: (PCI Express:2.5GT/s)         | ''",
        "snd_hda_intel 0000:01:00.0: no codecs                   | snd_hda_intel",
        "nvme nvme0: pci function 0000:01:00.0                   | nvme",
        "nvme nvme0: pci function 0000:02:00.0                   | ''",
        "pci 0000:01:00.0: enabling Extended Tags                | ''",
        "pnp 0000:01:00.0: nothing                               | ''",
        "vgaarb 0000:01:00.0: setting as boot VGA device         | ''",
        "pci_bus 0000:01:00.0: nothing                           | ''",
        "ahci 0000:02:00.0: version 3.0                          | ''"})
    void aDriverSpeaksUp(String line, String driver) {
        only(FOUND + line);
        assertThat(table.driverOf(0x100)).isEqualTo(driver);
    }

    /** Functions that only messages of faults name, on buses of which nothing is told. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "DMAR:[DMA Read] Request device [05:00.0] fault addr fff0000              | 05:00.0",
        "DMAR: [DMA Write] Request device [05:00.1] fault addr 0 [fault reason 05] | 05:00.1",
        "DMAR: [DMA Read NO_PASID] Request device [05:00.0] fault addr 0x0         | 05:00.0",
        "DMAR: [DMA Write NO_PASID] Request device [0x05:0x00.0] fault addr 0x0    | ''",
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=05:00.0 domain=0x0001 address=0] | 05:00.0",
        "AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 device=05:00.0 address=0]  | 05:00.0",
        "vfio-pci 0000:05:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 address=0] | ''",
        "DMAR:[DMA Read] Request device [01:00.7] fault addr fff0000              | ''",
        "DMAR: Request device 05:00.0 fault                                        | ''"})
    void aFaultNamesAFunction(String line, String only) {
        Set<Integer> found = LoggedFunctions.read(log(FOUND + line), table);
        assertThat(found.stream().map(RequesterId::formatShort).collect(Collectors.joining(" ")))
                .isEqualTo(only);
    }

    // ---- memory ---------------------------------------------------------------------------------

    private static final String RAM = "BIOS-e820: [mem 0x100000-0x3fffffff] usable\\n"
            + "BIOS-e820: [mem 0x90000000-0x9fffffff] usable\\n";

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "BIOS-e820: [mem 0x80000000-0x80000fff] usable            | System RAM",
        "BIOS-e820: [mem 0x80000000-0x80000fff]  System RAM       | System RAM",
        "BIOS-e820: [mem 0x80000000-0x80000fff] reserved          | Reserved",
        "BIOS-e820: [mem 0x80000000-0x80000fff] device reserved   | Reserved",
        "BIOS-e820: [mem 0x80000000-0x80000fff] ACPI data         | ACPI Tables",
        "BIOS-e820: [mem 0x80000000-0x80000fff] ACPI NVS          | ACPI Non-volatile Storage",
        "BIOS-e820: [mem 0x80000000-0x80000fff] unusable          | Reserved",
        "BIOS-e820: [mem 0x80000000-0x80000fff] type 20           | Reserved",
        " BIOS-e820: 0000000080000000 - 0000000080001000 (usable) | System RAM",
        "BIOS-e820: 0000000080000000 - 0000000080001000 (reserved) | Reserved",
        "BIOS-e820: [gap 0x80000000-0x80000fff]                   | ''",
        "BIOS-e820: [mem 0x80001000-0x80000fff] usable            | ''",
        "BIOS-e820: [mem 0x80000000-0x80000fff]                   | ''",
        "BIOS-e820: 80000000 - 80000000 (usable)                  | ''",
        "BIOS-e820: [mem 0xffffffff80000000-0xffffffff80000fff] usable | ''",
        "modified: [mem 0x80000000-0x80000fff] usable             | ''"})
    void firmwareTellsOfMemory(String line, String label) throws IOException {
        Iomem memory = LoggedMemory.read(log(RAM + line));
        assertThat(memory.map().regions().stream()
                .filter(r -> r.range().equals(AddressRange.of(0x8000_0000L, 4096)))
                .map(r -> r.label()).collect(Collectors.joining())).isEqualTo(label);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "Reserving 160MB of memory at 272MB for crashkernel (System RAM: 447MB) | 272 | 160",
        "Reserving 64MB of low memory at 16MB for crashkernel (low RAM limit: 4096MB) | 16 | 64",
        "crashkernel reserved: 0x0000000011000000 - 0x000000001b000000 (160 MB) | 272 | 160",
        "crashkernel low memory reserved: 0x11000000 - 0x1b000000 (160 MB)      | 272 | 160",
        "crashkernel reserved: 0x1b000000 - 0x11000000 (160 MB)                 |     |",
        "Reserving 0MB of memory at 272MB for crashkernel (System RAM: 447MB)   |     |",
        "Reserving 160MB of memory at 272MB for somebody else                   |     |",
        "Reserving 1024MB of memory at 272MB for crashkernel (too much)         |     |"})
    void theReservationIsTold(String line, Long start, Long megabytes) throws IOException {
        Iomem memory = LoggedMemory.read(log(RAM + line));
        if (start == null) {
            assertThat(memory.crashReservations()).isEmpty();
        } else {
            assertThat(memory.crashReservations())
                    .containsExactly(AddressRange.of(start << 20, megabytes << 20));
        }
    }

    // ---- units ----------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "DMAR: DRHD base: 0x000000fed90000 flags: 0x0            | 0xfed90000 | false",
        "DMAR: DRHD base: 0x000000fed91000 flags: 0x1            | 0xfed91000 | true",
        "dmar: DRHD base: 0x000000fed91000 flags: 0x1            | 0xfed91000 | true",
        "DMAR:DRHD base: 0x000000fed91000 flags: 0x3             | 0xfed91000 | true",
        "DMAR:DRHD base: 0x000000fed91000 flags: 0x2             | 0xfed91000 | false",
        "DMAR:DRHD (flags: 0x00000001)base: 0x00000000fed91000   | 0xfed91000 | true",
        "DMAR:DRHD (flags: 0x00000000)base: 0x00000000fed91000   | 0xfed91000 | false",
        "DMAR: DRHD base: 0xfed9z000 flags: 0x1                  |            |",
        "DMAR: RHSA base: 0x000000fed91000 proximity domain: 0x1 |            |"})
    void aVtdUnitIsTold(String line, String base, Boolean others) {
        Map<Long, Boolean> units = LoggedUnits.read(log(line)).vtdUnits();
        if (base == null) {
            assertThat(units).isEmpty();
        } else {
            assertThat(units).containsExactly(Map.entry(Long.decode(base), others));
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "DMAR: RMRR base: 0x000000000e8000 end: 0x000000000e8fff | 0xe8000 | 0xe9000 | ''",
        "DMAR: RMRR base: 0x000000bf7ef000 end: 0x000000bf7fefff | 0xbf7ef000 | 0xbf7ff000 | ''",
        "DMAR: Setting identity map for device 0000:00:1d.0 [mem 0xe8000-0xe8fff] | 0xe8000"
            + " | 0xe9000 | 00:1d.0",
        "IOMMU: Setting identity map for device 0000:00:1d.0 [0xe8000 - 0xe8fff] | 0xe8000"
            + " | 0xe9000 | 00:1d.0",
        "pci 0000:00:1d.0: DMAR: Setting identity map [0xe8000 - 0xe8fff] | 0xe8000"
            + " | 0xe9000 | 00:1d.0",
        "DMAR: RMRR base: 0x000000000e8000 end: 0x000000000e8ffe |  |  |",
        "DMAR: RMRR base: 0x000000000e8800 end: 0x000000000e8fff |  |  |",
        "DMAR: RMRR base: 0x000000000e9000 end: 0x000000000e8fff |  |  |"})
    void aReservedRegionIsTold(String line, String start, String end, String functions) {
        Map<AddressRange, Set<Integer>> regions = LoggedUnits.read(log(line)).reservedRegions();
        if (start == null) {
            assertThat(regions).isEmpty();
            return;
        }
        assertThat(regions).containsOnlyKeys(
                new AddressRange(Long.decode(start), Long.decode(end)));
        assertThat(regions.values().iterator().next().stream().map(RequesterId::formatShort)
                .collect(Collectors.joining(" "))).isEqualTo(functions);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "AMD-Vi: Found IOMMU at 0000:00:00.2 cap 0x40                        | 1 | 0 | 0",
        "AMD-Vi: Found IOMMU at 00:00.2 cap 0x40                             | 1 | 0 | 0",
        "pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40                      | 1 | 0 | 0",
        "AMD-Vi: device: 00:00.2 cap: 0040 seg: 0 flags: 3e info 1300        | 1 | 0 | 0",
        "AMD-Vi: Found IOMMU at 00:00.2 cap 0x40\\npci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40"
            + " | 1 | 0 | 0",
        "AMD-Vi: Found IOMMU at 0000:20:00.2 cap 0x40\\n"
            + "AMD-Vi: Found IOMMU at 0000:00:00.2 cap 0x40"
            + " | 2 | 0 | 0",
        "AMD-Vi:        mmio-addr: 00000000feb80000                          | 1 | 0xfeb80000 | 0",
        "AMD-Vi:        mmio-addr: 0000000000000000                          | 0 | 0 | 0",
        "AMD-Vi: Extended features (0x4f77ef22294ada): PPR NX GT             | 0 | 0"
            + " | 0x4f77ef22294ada",
        "AMD-Vi: Extended features (0x246577efa2254afa, 0x10): PPR NX        | 0 | 0"
            + " | 0x246577efa2254afa",
        "AMD-Vi: Interrupt remapping enabled                                 | 0 | 0 | 0"})
    void anAmdUnitIsTold(String lines, int units, String base, String features) {
        LoggedUnits found = LoggedUnits.read(log(lines));
        assertThat(found.amdUnits()).isEqualTo(units);
        assertThat(found.amdBases().stream().mapToLong(b -> b).sum()).isEqualTo(Long.decode(base));
        assertThat(found.amdFeatures()).isEqualTo(Long.decode(features));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "ACPI: RSDP 0x00000000000F5A00 000014 (v00 BOCHS )        | true  | false",
        "ACPI: FACP 0x000000007FFE2F7B 0000F4 (v03 BOCHS  BXPC)   | true  | false",
        "ACPI: DMAR 0x000000007FFE3247 000050 (v01 BOCHS  BXPC)   | false | true",
        "ACPI: DMAR 0x000000007FFE3247 000050 (v01 HP     ProLiant) | false | false",
        "ACPI: IVRS 0x000000007FFE3247 000050 (v01 BOCHS  BXPC)   | false | false",
        "ACPI: RSDP 0x0 000014\\nACPI: DMAR 0x0 000050 (v01 HP X)  | false | false",
        "usb 1-1: new device                                      | false | false"})
    void firmwaresTablesAreTold(String lines, boolean lacks, boolean qemu) {
        LoggedUnits found = LoggedUnits.read(log(lines));
        assertThat(found.lacksIommuTable()).isEqualTo(lacks);
        assertThat(found.isQemu()).isEqualTo(qemu);
    }
}
