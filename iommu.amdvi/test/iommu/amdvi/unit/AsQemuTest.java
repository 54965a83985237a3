// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static iommu.amdvi.unit.Fixture.DEVICE;
import static iommu.amdvi.unit.Fixture.DOMAIN;
import static iommu.amdvi.unit.Fixture.OUTSIDE;
import static iommu.amdvi.unit.Fixture.RW;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import java.math.BigInteger;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What QEMU 7.2 did with the same bytes, read from it; beside it what the manual has. */
class AsQemuTest {

    private static final long PAGE = 0x20_5000;
    private static final long NONE = Long.MIN_VALUE;

    private Fixture qemu;
    private Fixture manual;

    @BeforeEach
    void units() {
        qemu = Fixture.on(Map.of("asQemu", 1L));
        manual = Fixture.on();
        for (Fixture fixture : new Fixture[] {qemu, manual}) {
            fixture.map(fixture.domain(DEVICE, DOMAIN, 3), 0x1000, PAGE, RW);
        }
    }

    private static long unsigned(String text) {
        return new BigInteger(text.replace("0x", ""), 16).longValue();
    }

    private static long root(Fixture fixture) {
        return fixture.memory.read64(fixture.entryOf(DEVICE)) & 0xf_ffff_ffff_f000L;
    }

    /** Changes the entry for 1000h at a level; 0 is the device's own; OR, then AND NOT. */
    private static void change(Fixture fixture, int level, long set, long clear) {
        long at = level == 0 ? fixture.entryOf(DEVICE) : fixture.entry(root(fixture), 3, 0x1000,
                level);
        fixture.memory.write64(at, (fixture.memory.read64(at) | set) & ~clear);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // level, set, clear, iova, access, QEMU's address, the manual's; -n is event code n
        "plain, 1, 0, 0, 0x1008, r, 0x205008, 0x205008",
        "page not present, 1, 0, 0x1, 0x1000, w, 0x205000, -2",
        "page of reads, 1, 0, 0x4000000000000000, 0x1000, w, -2, -2",
        "table not present, 2, 0, 0x1, 0x1000, r, -2, -2",
        "table of writes, 2, 0, 0x2000000000000000, 0x1000, r, -2, -2",
        "address wraps, 1, 0, 0, 0x8000001000, r, 0x205000, -2",
        "TV = 0, 0, 0, 0x2, 0x1000, r, 0x1000, -2",
        "TV = 0 without rights, 0, 0, 0x6000000000000002, 0x1000, r, -2, -2",
        "TV = 0 and mode 7, 0, 0xe00, 0x2, 0x1000, r, 0x1000, -2",
        "mode 7, 0, 0xe00, 0, 0x1000, r, -1, -1",
        "reserved bit of an entry, 0, 0x10, 0, 0x1000, r, -1, -1",
        "encoded size that fits no entry, 1, 0x1ffe00, 0, 0x1000, r, 0x1000, -2"})
    void bytesMeanWhatQemuMakesOfThem(String name, int level, String set, String clear, String iova,
            String access, String qemus, String manuals) {
        int wanted = access.equals("r") ? Access.READ : Access.WRITE;
        for (Fixture fixture : new Fixture[] {qemu, manual}) {
            change(fixture, level, unsigned(set), unsigned(clear));
            long expected = Long.decode(fixture == qemu ? qemus : manuals);
            long address = Long.decode(iova);
            assertThat(Fixture.outcome(fixture.unit.explain(DEVICE, address, wanted,
                    WalkListener.NONE))).as("explained").isEqualTo(expected);
            assertThat(Fixture.outcome(fixture.translate(address, wanted))).isEqualTo(expected);
        }
    }

    @Test
    void entryThatIsNotValidIsCheckedAllTheSame() {
        change(qemu, 0, 0x4, 0x1);
        change(manual, 0, 0x4, 0x1);
        assertThat(qemu.read(0x1000)).isEqualTo(-1);
        assertThat(manual.read(0x1000)).isEqualTo(NONE);
    }

    @Test
    void levelsMayGoUpAgain() {
        long root = root(qemu);
        long level1 = qemu.entry(root, 3, 0x1000, 1) & -0x1000L;
        qemu.memory.write64(qemu.entry(root, 3, 0x1000, 2), Fixture.directory(root, 5));
        qemu.memory.write64(root, Fixture.directory(level1, 1));
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
        qemu.memory.write64(level1 + 8, Fixture.directory(level1, 1));
        qemu.command(Fixture.opcode(Command.INVALIDATE_IOMMU_ALL, 0), 0);
        assertThat(qemu.read(0x1000)).as("a table that leads to itself").isEqualTo(-2);
    }

    @Test
    void tableSizeIsNotChecked() {
        for (Fixture fixture : new Fixture[] {qemu, manual}) {
            fixture.memory.write64(fixture.table + 0x1000, 3 | 3L << 61);
            assertThat(Fixture.outcome(fixture.unit.translate(0x80, 0x3000, Access.READ)))
                    .isEqualTo(fixture == qemu ? 0x3000 : -1);
        }
    }

    @Test
    void readsOfInterruptRangePass() {
        assertThat(qemu.read(0xfee0_0000L)).isEqualTo(NONE);
        assertThat(manual.read(0xfee0_0000L)).isEqualTo(-8);
    }

    @Test
    void nothingIsLoggedThoughTheLogRuns() {
        assertThat(qemu.read(0x9000)).isNegative();
        assertThat(qemu.logged).containsExactly(false);
        assertThat(qemu.read(AmdViRegisters.EVENT_TAIL)).isZero();
        assertThat(qemu.read(AmdViRegisters.STATUS)).isEqualTo(0x18);
    }

    @Test
    void cachedPageHasTheRightsOfTheLeafAlone() {
        change(qemu, 2, 0, 2L << 61);
        assertThat(qemu.write(0x1000)).isNegative();
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
        assertThat(qemu.write(0x1000)).as("cached by the read").isEqualTo(PAGE);
    }

    @Test
    void addressBitsAbove47ShareTheTagWithTheDevice() {
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
        change(qemu, 1, 0, 1L << 61 | 1L << 62);
        assertThat(qemu.read(1L << 51 | 0x1000)).as("bit 3 of 28h").isEqualTo(PAGE);
        assertThat(qemu.read(1L << 50 | 0x1000)).isNegative();
    }

    @Test
    void pageBeyondAllMemoryIsNotTakenForTheAddressThatSharesItsTag() {
        change(qemu, 0, 0, 0xe00);
        assertThat(qemu.read(1L << 53 | 0x3008)).as("mode 0").isEqualTo(NONE);
        assertThat(qemu.read(0x3010)).as("bit 5 of 28h").isEqualTo(1L << 51 | 0x3010);
        assertThat(qemu.read(0x4010)).as("no such tag").isEqualTo(0x4010);
    }

    @Test
    void cacheEmptiesWhenItIsFull() {
        qemu.memory.write64(qemu.entry(root(qemu), 3, 0, 3), Fixture.leaf(0, RW));
        for (int i = 0; i < 1024; i++) {
            assertThat(qemu.read(i << 12)).isEqualTo(i << 12);
        }
        qemu.memory.write64(qemu.entry(root(qemu), 3, 0, 3), 0);
        assertThat(qemu.read(0)).isZero();
        qemu.memory.write64(qemu.entry(root(qemu), 3, 0, 3), Fixture.leaf(0, RW));
        assertThat(qemu.read(1024 << 12)).isEqualTo(1024 << 12);
        qemu.memory.write64(qemu.entry(root(qemu), 3, 0, 3), 0);
        assertThat(qemu.read(0)).isNegative();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "a device table entry, 0x2000000000000028, 0, false",
        "pages of the domain, 0x3000000500000000, 0x9000, true",
        "pages of another domain, 0x3000000600000000, 0x7ffffffffffff003, false",
        "IOTLB page of the device, 0x4000000000000028, 0x1000, true",
        "IOTLB page of another device, 0x400000000000002c, 0x1000, false",
        "another IOTLB page, 0x4000000000000028, 0x2000, false",
        "IOTLB page and bit 2, 0x4000000000000028, 0x1004, true",
        "IOTLB page and bit 4, 0x4000000000000028, 0x1010, true",
        "IOTLB page and bit 1, 0x4000000000000028, 0x1002, false",
        "IOTLB page and bit 3, 0x4000000000000028, 0x1008, false",
        "IOTLB page and bit 6, 0x4000000000000028, 0x1040, false",
        "IOTLB page and bit 11, 0x4000000000000028, 0x1800, false",
        "IOTLB pages with S, 0x4000000000000028, 0x7ffffffffffff001, false",
        "interrupt table, 0x5000000000000028, 0, false",
        "everything and a reserved bit, 0x8000000000000001, 0, true",
        "no known command, 0x9000000000000000, 0, false",
        "opcode 0, 0x0, 0, false"})
    void commandsDropWhatQemuDropsAndNoneStopsTheBuffer(String name, String q0, String q1,
            boolean drops) {
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
        change(qemu, 1, 0x2000, 0);
        qemu.command(unsigned(q0), unsigned(q1));
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x10);
        assertThat(qemu.read(AmdViRegisters.STATUS)).isEqualTo(0x18);
        assertThat(qemu.read(0x1000)).isEqualTo(drops ? PAGE + 0x2000 : PAGE);
    }

    @Test
    void completionIsStoredAndItsInterruptStaysInTheStatus() {
        qemu.command(1L << 60 | 0xffL << 52 | qemu.store | 7, 0x78);
        assertThat(qemu.memory.read64(qemu.store)).isEqualTo(0x78);
        assertThat(qemu.read(AmdViRegisters.STATUS)).isEqualTo(0x1c);
        qemu.write(AmdViRegisters.STATUS, 0x1c);
        assertThat(qemu.read(AmdViRegisters.STATUS)).isEqualTo(0x1c);
        qemu.command(1L << 60 | OUTSIDE | 1, 0x79);
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x20);
    }

    @Test
    void headShowsTheEndBeforeItWraps() {
        for (int i = 0; i < 256; i++) {
            qemu.command(2L << 60, 0);
        }
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x1000);
        assertThat(qemu.read(AmdViRegisters.CMD_TAIL)).isZero();
        qemu.command(2L << 60, 0);
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x10);
    }

    @Test
    void headOfNewerQemusWrapsAtOnceAndCountsModuloTheSize() {
        var newer = Fixture.on(Map.of("asQemu", 1L, "qemuVersion", 10L));
        newer.write(AmdViRegisters.CMD_HEAD, 0xff0);
        newer.write(AmdViRegisters.CMD_TAIL, 0);
        assertThat(newer.read(AmdViRegisters.CMD_HEAD)).isZero();
        newer.write(AmdViRegisters.CMD_HEAD, 0x1000);
        assertThat(newer.read(AmdViRegisters.CMD_HEAD)).as("the tail: nothing to do")
                .isEqualTo(0x1000);
    }

    @Test
    void tailBeyondTheBufferIsNotFollowedForEver() {
        qemu.write(AmdViRegisters.CMD_TAIL, 0x2000);
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isBetween(0L, 0x1000L);
    }

    @Test
    void baseCountsWithItsUpperHalfAndStartsTheBufferAnew() {
        qemu.command(2L << 60, 0);
        qemu.unit.writeRegister(0x08, 4, qemu.page());
        qemu.command(1L << 60 | qemu.store | 1, 0x55);
        assertThat(qemu.memory.read64(qemu.store)).as("from the old buffer").isEqualTo(0x55);
        qemu.write(AmdViRegisters.CMD_BUF, qemu.commands | 8L << 56);
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x20);
        qemu.memory.write64(qemu.commands, 1L << 60 | qemu.store | 1);
        qemu.memory.write64(qemu.commands + 8, 0x66);
        qemu.write(AmdViRegisters.CMD_TAIL, 0x10);
        assertThat(qemu.memory.read64(qemu.store)).isEqualTo(0x66);
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x10);
    }

    @Test
    void deviceTableBaseCountsWithItsUpperHalf() {
        qemu.unit.writeRegister(0x00, 4, qemu.page());
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
        qemu.unit.writeRegister(0x04, 4, 0);
        assertThat(qemu.read(0x2000)).as("V = 0 there").isEqualTo(NONE);
    }

    @ParameterizedTest
    @CsvSource({"0x00, true", "0x10, true", "0x20, false", "0x28, true", "0x30, false",
        "0x38, true", "0xe0, false", "0x1a0, false", "0x2010, true", "0x2018, true",
        "0x2020, false", "0x2030, true", "0x2038, true", "0x2040, false"})
    void registersHoldAllBitsOrNone(String offset, boolean holds) {
        int at = Integer.decode(offset);
        long before = qemu.unit.readRegister(at, 8);
        qemu.unit.writeRegister(at, 8, -1);
        assertThat(qemu.unit.readRegister(at, 8)).isEqualTo(holds ? -1 : before);
    }

    @Test
    void explainingTellsEachEntry() {
        var seen = new java.util.ArrayList<String>();
        long translation = qemu.unit.explain(DEVICE, 0x1000, Access.READ,
                (structure, address, words, fields, decision) -> seen.add(structure));
        assertThat(Translation.address(translation)).isEqualTo(PAGE);
        assertThat(seen).containsExactly("device table entry", "page table entry, level 3",
                "page table entry, level 2", "page table entry, level 1");
        assertThat(qemu.blocked).isEmpty();
    }
}
