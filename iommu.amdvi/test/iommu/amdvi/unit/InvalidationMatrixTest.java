// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.DeviceTableEntry;
import iommu.api.unit.Interrupt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each command against each cache: what stays in it. E is the device table entry, D the directory
 * entry of level 2, L the page, I the interrupt entry.
 */
class InvalidationMatrixTest {

    private static final long IOVA = 0x4000_0000L;
    /** Under the same table, not yet in the translation cache. */
    private static final long BESIDE = 0x5000;
    private static final long OLD = 0x20_0000;
    private static final long NEW = 0x30_0000;
    private static final int INDEX = 5;

    private static boolean stays(char cache, int opcode, long q0, long q1) {
        var fixture = Fixture.on();
        long root = fixture.domain(Fixture.DEVICE, Fixture.DOMAIN, 3);
        fixture.map(root, IOVA, OLD, Fixture.RW);
        fixture.map(root, IOVA + BESIDE, OLD, Fixture.RW);
        long interrupts = fixture.page();
        long q2 = DeviceTableEntry.INT_TAB_LEN.with(interrupts | 1, 9);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE) + 16,
                DeviceTableEntry.INT_CTL.with(q2, DeviceTableEntry.INT_REMAP));
        fixture.memory.write32(interrupts + 4 * INDEX, 0x41_0001);
        assertThat(fixture.read(IOVA)).isEqualTo(OLD);
        assertThat(vector(fixture)).isEqualTo(0x41);
        switch (cache) {
            case 'E' -> {
                long other = fixture.domain(Fixture.DEVICE, Fixture.DOMAIN + 1, 3);
                fixture.map(other, IOVA, NEW, Fixture.RW);
            }
            case 'D' -> {
                fixture.memory.write64(fixture.entry(root, 3, IOVA, 2),
                        Fixture.directory(fixture.page(), 1));
                fixture.map(root, IOVA + BESIDE, NEW, Fixture.RW);
            }
            case 'L' -> fixture.map(root, IOVA, NEW, Fixture.RW);
            default -> fixture.memory.write32(interrupts + 4 * INDEX, 0x42_0001);
        }
        fixture.command(Fixture.opcode(opcode, q0), q1);
        return switch (cache) {
            case 'I' -> vector(fixture) == 0x41;
            case 'D' -> fixture.read(IOVA + BESIDE) == OLD;
            default -> fixture.read(IOVA) == OLD;
        };
    }

    private static int vector(Fixture fixture) {
        return Interrupt.vector(fixture.unit.interrupt(Fixture.DEVICE, 0xfee0_0000L, INDEX));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "wait, 1, 0, 0, EDLI", "entry of device 28, 2, 0x28, 0, DLI",
        "entry of device 30, 2, 0x30, 0, EDLI", "entry of device 128, 2, 0x128, 0, EDLI",
        "page, 3, 0x500000000, 0x40000000, EDI",
        "page with directories, 3, 0x500000000, 0x40000002, EI",
        "page of domain 6, 3, 0x600000000, 0x40000002, EDLI",
        "page beside, 3, 0x500000000, 0x40001000, EDLI",
        "page beside with directories, 3, 0x500000000, 0x40001002, ELI",
        "page under another table, 3, 0x500000000, 0x40200002, EDLI",
        "8 KiB, 3, 0x500000000, 0x40000001, EDI",
        "8 KiB beside, 3, 0x500000000, 0x40002001, EDLI",
        "16 KiB with directories, 3, 0x500000000, 0x40001003, EI",
        "2 MiB, 3, 0x500000000, 0x400ff001, EDI",
        "2 MiB with directories, 3, 0x500000000, 0x400ff003, EI",
        "next 2 MiB with directories, 3, 0x500000000, 0x402ff003, EDLI",
        "1 GiB with directories, 3, 0x500000000, 0x5ffff003, EI",
        "first GiB with directories, 3, 0x500000000, 0x1ffff003, EDLI",
        "all pages, 3, 0x500000000, 0x7ffffffffffff001, EDI",
        "all pages with directories, 3, 0x500000000, 0x7ffffffffffff003, EI",
        "all pages of domain 6, 3, 0x600000000, 0x7ffffffffffff003, EDLI",
        "all pages of domain 0, 3, 0, 0x7ffffffffffff003, EDLI",
        "device TLB, 4, 0x28, 0x40000000, EDLI",
        "interrupt table of device 28, 5, 0x28, 0, EDL",
        "interrupt table of device 30, 5, 0x30, 0, EDLI", "everything, 8, 0, 0, ''"})
    void whatACommandLeaves(String what, int opcode, String q0, String q1, String stays) {
        var found = new StringBuilder();
        for (char cache : "EDLI".toCharArray()) {
            if (stays(cache, opcode, Long.decode(q0), Long.decode(q1))) {
                found.append(cache);
            }
        }
        assertThat(found).as(what).hasToString(stays);
    }
}
