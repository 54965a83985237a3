// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import kdump.importers.bytes.TextFile;
import kdump.importers.proc.Iomem;
import kdump.importers.proc.UnitLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a log tells of memory and units, in the words of many kernels. */
class LoggedMachineTest {

    private static KernelLog log(String lines) {
        return KernelLog.of(TextFile.of("dmesg", lines.getBytes(StandardCharsets.UTF_8)));
    }

    /** Since 3.6, before, and since 7.x. */
    @ParameterizedTest
    @ValueSource(strings = {"""
            [    0.0] BIOS-e820: [mem 0x0000000000001000-0x000000000009fbff] usable
            [    0.0] BIOS-e820: [mem 0x0000000000100000-0x00000000bffcbfff] usable
            [    0.0] BIOS-e820: [mem 0x00000000bffcc000-0x00000000bfffffff] ACPI data
            [    0.0] BIOS-e820: [mem 0x0000000100000000-0x000000013fffffff] usable
            [    0.0] Reserving 160MB of memory at 272MB for crashkernel (System RAM: 447MB)
            """, """
            <6> BIOS-e820: 0000000000001000 - 000000000009fc00 (usable)
            <6> BIOS-e820: 0000000000100000 - 00000000bffcc000 (usable)
            <6> BIOS-e820: 00000000bffcc000 - 00000000c0000000 (ACPI data)
            <6> BIOS-e820: 0000000100000000 - 0000000140000000 (usable)
            <6> Reserving 160MB of memory at 272MB for crashkernel (System RAM: 447MB)
            """, """
            BIOS-e820: [mem 0x0000000000001000-0x000000000009fbff]  System RAM
            BIOS-e820: [gap 0x00000000000a0000-0x00000000000effff]
            BIOS-e820: [mem 0x0000000000100000-0x00000000bffcbfff]  System RAM
            BIOS-e820: [mem 0x00000000bffcc000-0x00000000bfffffff]  device reserved
            BIOS-e820: [mem 0x0000000100000000-0x000000013fffffff]  System RAM
            crashkernel reserved: 0x0000000011000000 - 0x000000001b000000 (160 MB)
            """})
    void memoryAndReservation(String lines) throws IOException {
        Iomem memory = LoggedMemory.read(log(lines));
        assertThat(memory.map().ranges(MemoryKind.SYSTEM_RAM)).containsExactly(
                new AddressRange(0x1000, 0x9fc00), new AddressRange(0x10_0000, 0xbffc_c000L),
                new AddressRange(0x1_0000_0000L, 0x1_4000_0000L));
        assertThat(memory.map().ranges(MemoryKind.FIRMWARE_RAM))
                .containsExactly(new AddressRange(0xbffc_c000L, 0xc000_0000L));
        assertThat(memory.crashReservations())
                .containsExactly(AddressRange.of(0x1100_0000, 160L << 20));
    }

    @Test
    void whatIsReservedWinsWhereEntriesOverlap() throws IOException {
        Iomem memory = LoggedMemory.read(log("""
                BIOS-e820: [mem 0x0000000000100000-0x00000000003fffff] usable
                BIOS-e820: [mem 0x0000000000200000-0x00000000002fffff] reserved
                BIOS-e820: [mem 0x0000000000400000-0x00000000004fffff] usable
                BIOS-e820: [mem 0xffffffffffff0000-0xffffffffffffffff] reserved
                """));
        assertThat(memory.map().ranges(MemoryKind.SYSTEM_RAM)).containsExactly(
                new AddressRange(0x10_0000, 0x20_0000), new AddressRange(0x30_0000, 0x50_0000));
    }

    @Test
    void aReservationOutsideRamIsNone() throws IOException {
        Iomem memory = LoggedMemory.read(log("""
                BIOS-e820: [mem 0x0000000000100000-0x00000000003fffff] usable
                Reserving 256MB of low memory at 2048MB for crashkernel (System low RAM: 3MB)
                """));
        assertThat(memory.crashReservations()).isEmpty();
    }

    @Test
    void aLogWithoutTheBeginOfTheBootHasNoMap() throws IOException {
        assertThat(LoggedMemory.read(log("Linux version 6.1.0\n"))).isNull();
    }

    @Test
    void vtdUnitsAndReservedRegions() {
        LoggedUnits units = LoggedUnits.read(log("""
                [0.1] DMAR: DRHD base: 0x000000fbffd000 flags: 0x0
                [0.1] DMAR: dmar0: reg_base_addr fbffd000 ver 1:0 cap 8d2008c10ef0466 ecap f0205b
                [0.1] DMAR: DRHD base: 0x000000fbffc000 flags: 0x1
                [0.1] DMAR: dmar1: reg_base_addr fbffc000 ver 1:0 cap 8d2078c106f0466 ecap f020df
                [0.1] DMAR: RMRR base: 0x0000003b422000 end: 0x0000003b431fff
                [0.9] DMAR: Setting identity map for device 0000:00:1d.0 [0x3b422000 - 0x3b431fff]
                [0.9] DMAR: Setting identity map for device 0000:00:02.0 [0x7b800000 - 0x7fffffff]
                """));
        assertThat(units.vtdUnits()).isEqualTo(Map.of(0xfbffd000L, false, 0xfbffc000L, true));
        assertThat(units.registers()).extracting(UnitLog::extendedCapabilities)
                .containsExactly(0xf0205bL, 0xf020dfL);
        assertThat(units.reservedRegions()).isEqualTo(Map.of(
                new AddressRange(0x3b42_2000, 0x3b43_2000), Set.of(RequesterId.parse("00:1d.0")),
                new AddressRange(0x7b80_0000, 0x8000_0000L),
                Set.of(RequesterId.parse("00:02.0"))));
        assertThat(units.amdUnits()).isZero();
    }

    /** Up to 2.6.32, up to 3.5, up to 4.1. */
    @ParameterizedTest
    @ValueSource(strings = {"DMAR:DRHD (flags: 0x00000001)base: 0x00000000fed90000\n"
            + "IOMMU fed90000: ver 1:0 cap c9008020e30260 ecap 1000",
        "[    0.1] DMAR: DRHD base: 0x000000fed90000 flags: 0x1\n"
            + "[    0.1] IOMMU 0: reg_base_addr fed90000 ver 1:0 cap c9008020e30260 ecap 1000",
        "[    0.1] dmar: DRHD base: 0x000000fed90000 flags: 0x1\n"
            + "[    0.1] dmar: IOMMU 0: reg_base_addr fed90000 ver 1:0 cap c9008020e30260"
            + " ecap 1000"})
    void olderLinesTellTheSame(String lines) {
        LoggedUnits units = LoggedUnits.read(log(lines));
        assertThat(units.vtdUnits()).isEqualTo(Map.of(0xfed90000L, true));
        assertThat(units.registers())
                .containsExactly(new UnitLog(0xfed90000L, 0x10, 0xc9_0080_20e3_0260L, 0x1000));
    }

    @Test
    void amdUnitsAreCountedAndSometimesPlaced() {
        LoggedUnits units = LoggedUnits.read(log("""
                [    0.0] AMD-Vi: AMD-Vi: device: 0000:00:00.2 cap: 0040 flags: d1 info 0000
                [    0.0] AMD-Vi: AMD-Vi:        mmio-addr: 00000000feb80000
                [    1.4] pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40
                [    1.4] pci 0000:40:00.2: AMD-Vi: Found IOMMU cap 0x40
                [    1.4] AMD-Vi: Found IOMMU at 0000:80:00.2 cap 0x40
                [    1.4] AMD-Vi: Extended features (0x29d3, 0x0): PreF PPR GT IA GA HE
                """));
        assertThat(units.amdUnits()).isEqualTo(3);
        assertThat(units.amdBases()).containsExactly(0xfeb80000L);
        assertThat(units.amdFeatures()).isEqualTo(0x29d3);
    }

    @Test
    void aLogOfFirmwaresTablesTellsThatThereIsNoUnit() {
        String tables = "[    0.0] ACPI: RSDP 0x00000000000F0490 000024 (v02 VENDOR)\n";
        assertThat(LoggedUnits.read(log(tables)).lacksIommuTable()).isTrue();
        assertThat(LoggedUnits.read(log(tables
                + "[    0.0] ACPI: DMAR 0x000000001BFE323C 000098 (v01 BOCHS  BXPC)\n")))
                .matches(u -> !u.lacksIommuTable()).matches(LoggedUnits::isQemu);
        assertThat(LoggedUnits.read(log("[    0.0] Linux version 6.1\n")).lacksIommuTable())
                .isFalse();
    }
}
