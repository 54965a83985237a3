// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.RemappingUnit;
import iommu.vtd.vendor.VtdVendor;
import java.util.List;
import kdump.lab.api.LabException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The fault records that QEMU 7.2 wrote for device 00:05.0, bit for bit under its settings; and the
 * records that the manual has for the same tables. A table is one good mapping of 7000h for reading
 * and writing, with one quadword changed; "none" is: nothing recorded.
 */
class RecordedFaultsTest {

    private static final int SOURCE = 0x28;
    private static final long ROOT = 0x10_0000;
    private static final long CONTEXT = 0x10_1000;
    private static final long DIRECTORY = 0x10_2000;
    private static final long PASIDS = 0x10_3000;
    private static final long LEVEL_4 = 0x10_4000;
    private static final long PAGE = 0x20_0000;

    private final PhysicalMemory memory = PhysicalMemory.zeroed(
            List.of(new AddressRange(0, 0xa_0000), new AddressRange(0x10_0000, 0x1000_0000)));

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "leaf not present, 0x107038, 0x0, r, c0ffff0600000028, c000000600000028",
        "leaf not present, 0x107038, 0x0, w, 80ffff0500000028, 8000000500000028",
        "leaf of reads, 0x107038, 0x200001, w, 80ffff0500000028, 8000000500000028",
        "leaf of writes, 0x107038, 0x200002, r, c0ffff0600000028, c000000600000028",
        "leaf of both, 0x107038, 0x200003, r, none, none",
        "table of reads, 0x106000, 0x107001, w, 80ffff0500000028, 8000000500000028",
        "root not present, 0x100000, 0x0, r, c000000100000028, c000000100000028",
        "context not present, 0x101280, 0x0, r, c000000200000028, c000000200000028",
        "context type 3, 0x101280, 0x10400d, r, c000000300000028, c000000300000028",
        "context type 1, 0x101280, 0x104005, r, c000000300000028, c000000300000028",
        "context width 3, 0x101288, 0x503, r, c000000300000028, c000000300000028",
        "context width 0, 0x101288, 0x500, r, c000000300000028, c000000300000028",
        "root bit 1, 0x100000, 0x101003, r, c000000a00000028, c000000a00000028",
        "root bit 64, 0x100008, 0x1, r, c000000a00000028, c000000a00000028",
        "context bit 4, 0x101280, 0x104011, r, c000000b00000028, c000000b00000028",
        "context bit 88, 0x101288, 0x1000502, r, c000000b00000028, c000000b00000028",
        "leaf bit 51, 0x107038, 0x8000000200003, r, c0ffff0c00000028, c000000c00000028",
        "level 4 bit 7, 0x104000, 0x105083, r, c0ffff0c00000028, c000000c00000028",
        "leaf bit 11, 0x107038, 0x200803, r, c0ffff0c00000028, c000000c00000028",
        "leaf bit 62, 0x107038, 0x4000000000200003, r, c0ffff0c00000028, c000000c00000028",
        "2 MiB misaligned, 0x106000, 0x201083, r, c0ffff0c00000028, c000000c00000028",
        "level 1 not in memory, 0x106000, 0x4000000003, r, c0ffff0700000028, c000000700000028",
        "level 4 not in memory, 0x101280, 0x4000000001, r, c0ffff0300000028, c000000700000028",
        "context not in memory, 0x100000, 0x4000000001, r, c000000900000028, c000000900000028",
        "denied and reserved, 0x107038, 0x4000000000200001, w, 80ffff0500000028, 8000000c00000028",
        "context FPD, 0x101280, 0x2, r, none, none"})
    void legacyMode(String name, String place, String value, String access, String qemu,
            String manual) throws LabException {
        check(name, "intel-iommu,intremap=off,aw-bits=48", place, value, access, qemu, manual);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "leaf not present, 0x107038, 0x0, r, c000000680000028, c000008600000028",
        "leaf of reads, 0x107038, 0x200001, w, 8000000580000028, 8000008500000028",
        "root not present, 0x100000, 0x0, r, c000000100000028, c000003900000028",
        "context not present, 0x101500, 0x0, r, c000000200000028, c000004100000028",
        "context bit 128, 0x101510, 0x1, r, c000000b00000028, c000004200000028",
        "directory not present, 0x102000, 0x0, r, c000005800000028, c000005100000028",
        "PASID not present, 0x103000, 0x0, r, c000005800000028, c000005900000028",
        "PASID type 5, 0x103000, 0x104149, r, c000005800000028, c000005b00000028",
        "PASID width 3, 0x103000, 0x10408d, r, c000005800000028, c000005b00000028",
        "first stage, 0x103000, 0x104049, r, none, c000005b00000028",
        "pass-through no width, 0x103000, 0x101, r, c000005800000028, none",
        "interrupt range, 0x107038, 0xfee00003, w, 8000008780000028, 8000008700000028",
        "PASID FPD, 0x103000, 0x104088, r, c000005800000028, c000005900000028"})
    void scalableMode(String name, String place, String value, String access, String qemu,
            String manual) throws LabException {
        check(name, "intel-iommu,intremap=off,aw-bits=48,x-scalable-mode=on", place, value, access,
                qemu, manual);
    }

    private void check(String name, String device, String place, String value, String access,
            String qemu, String manual) throws LabException {
        boolean scalable = device.contains("scalable");
        tables(scalable);
        memory.write64(Long.decode(place), Long.decode(value));
        UnitProfile profile = IntelIommu.slot(new Properties("-device", device),
                QemuVersion.V7_2).profile();
        var hardware = new VtdVendor().hardwareProfiles();
        assertThat(record(hardware.get("qemu-7.2").over(profile), scalable, access))
                .as("%s, QEMU", name).isEqualTo(qemu);
        assertThat(record(hardware.get("spec").over(profile), scalable, access))
                .as("%s, manual", name).isEqualTo(manual);
    }

    private void tables(boolean scalable) {
        memory.write64(ROOT, CONTEXT | 1);
        if (scalable) {
            memory.write64(CONTEXT + 32 * SOURCE, DIRECTORY | 1);
            memory.write64(DIRECTORY, PASIDS | 1);
            memory.write64(PASIDS, LEVEL_4 | 2 << 6 | 2 << 2 | 1);
            memory.write64(PASIDS + 8, 7);
        } else {
            memory.write64(CONTEXT + 16 * SOURCE, LEVEL_4 | 1);
            memory.write64(CONTEXT + 16 * SOURCE + 8, 5 << 8 | 2);
        }
        for (long table = LEVEL_4; table < LEVEL_4 + 0x3000; table += 0x1000) {
            memory.write64(table, table + 0x1000 | 3);
        }
        memory.write64(LEVEL_4 + 0x3000 + 7 * 8, PAGE | 3);
    }

    private String record(UnitProfile profile, boolean scalable, String access) {
        RemappingUnit unit = new VtdVendor().unit(profile, memory);
        unit.writeRegister(0x20, 8, ROOT | (scalable ? 1 << 10 : 0));
        unit.writeRegister(0x18, 4, 1L << 30);
        unit.writeRegister(0x18, 4, 1L << 31);
        unit.translate(SOURCE, 0x7000, access.equals("w") ? Access.WRITE : Access.READ);
        long high = unit.readRegister(0x228, 8);
        if (high == 0) {
            assertThat(unit.readRegister(0x34, 4)).isZero();
            return "none";
        }
        assertThat(unit.readRegister(0x220, 8)).isEqualTo(0x7000);
        assertThat(unit.readRegister(0x34, 4)).isEqualTo(2);
        return Long.toHexString(high);
    }
}
