// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static iommu.amdvi.unit.Fixture.DEVICE;
import static iommu.amdvi.unit.Fixture.DOMAIN;
import static iommu.amdvi.unit.Fixture.OTHER;
import static iommu.amdvi.unit.Fixture.OUTSIDE;
import static iommu.amdvi.unit.Fixture.RW;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import java.math.BigInteger;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What QEMU 11.1 did with the same bytes, read from it: mostly its event log. */
class AsQemu11Test {

    private static final long PAGE = 0x20_5000;
    private static final long NONE = Long.MIN_VALUE;
    private static final Map<String, Long> SETTINGS = Map.of("asQemu", 1L, "qemuVersion", 11L);

    private Fixture qemu;

    @BeforeEach
    void unit() {
        qemu = Fixture.on(SETTINGS);
        qemu.map(qemu.domain(DEVICE, DOMAIN, 3), 0x1000, PAGE, RW);
        invalidate(DEVICE);
    }

    private static long unsigned(String text) {
        return new BigInteger(text.replace("0x", ""), 16).longValue();
    }

    private void invalidate(int device) {
        qemu.command(2L << 60 | device, 0);
    }

    private long root() {
        return qemu.memory.read64(qemu.entryOf(DEVICE)) & 0xf_ffff_ffff_f000L;
    }

    /** Changes the entry for 1000h at a level; 0 is the device's own; OR, then AND NOT. */
    private void change(int level, long set, long clear) {
        long at = level == 0 ? qemu.entryOf(DEVICE) : qemu.entry(root(), 3, 0x1000, level);
        qemu.memory.write64(at, (qemu.memory.read64(at) | set) & ~clear);
    }

    private long event(int number) {
        assertThat(qemu.memory.read64(qemu.log + 16L * number + 8)).as("its address").isZero();
        return qemu.memory.read64(qemu.log + 16L * number);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // level, set, clear, iova, access, address or -event code, events by their upper 16 bits
        "plain, 1, 0, 0, 0x1008, r, 0x205008, ''",
        "page not present, 1, 0, 0x1, 0x1000, w, -2, 200a",
        "page not present, 1, 0, 0x1, 0x1000, r, -2, 2009",
        "page of reads, 1, 0, 0x4000000000000000, 0x1000, w, -2, 200a",
        "table of reads, 2, 0, 0x4000000000000000, 0x1000, w, 0x205000, ''",
        "entry of reads, 0, 0, 0x4000000000000000, 0x1000, w, 0x205000, ''",
        "entry without rights, 0, 0, 0x6000000000000000, 0x1000, r, -2, 2009",
        "address beyond the mode, 1, 0, 0, 0x8000001000, r, -2, 2009",
        "TV = 0, 0, 0, 0x2, 0x1000, r, -1, ''",
        "mode 7, 0, 0xe00, 0, 0x1000, r, -1, ''",
        "V = 0, 0, 0, 0x1, 0x1234, r, 0x1234, ''",
        "mode 0, 0, 0, 0xe00, 0x1234, r, 0x1234, ''",
        "reserved bit of an entry, 0, 0x10, 0, 0x1000, r, -1, 1000",
        "table that cannot be read, 2, 0x10000000000, 0, 0x1000, r, -2, 4000 2009",
        "all ones, 1, 0xffffffffffffffff, 0, 0x1000, r, -2, 2009",
        "lowest entry leads to level 1, 1, 0x200, 0, 0x1000, r, -2, 2009",
        "table leads up, 2, 0x600, 0, 0x1000, r, -2, 2009",
        "page of 2 MiB, 2, 0, 0xe00, 0x1008, r, 0x1008, ''"})
    void bytesMeanWhatQemuMakesOfThem(String name, int level, String set, String clear, String iova,
            String access, String becomes, String events) {
        change(level, unsigned(set), unsigned(clear));
        if (name.startsWith("page of 2 MiB")) {
            qemu.memory.write64(qemu.entry(root(), 3, 0x1000, 2), Fixture.leaf(0, RW));
        }
        int wanted = access.equals("r") ? Access.READ : Access.WRITE;
        long address = Long.decode(iova);
        assertThat(Fixture.outcome(qemu.unit.explain(DEVICE, address, wanted,
                WalkListener.NONE))).as("explained").isEqualTo(Long.decode(becomes));
        assertThat(qemu.read(AmdViRegisters.EVENT_TAIL)).as("explaining logs nothing").isZero();
        assertThat(Fixture.outcome(qemu.translate(address, wanted)))
                .isEqualTo(Long.decode(becomes));
        String[] codes = events.isEmpty() ? new String[0] : events.split(" ");
        assertThat(qemu.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(16L * codes.length);
        for (int i = 0; i < codes.length; i++) {
            assertThat(event(i)).isEqualTo(Long.parseLong(codes[i], 16) << 48 | DEVICE);
        }
        assertThat(qemu.logged).containsExactly(Long.decode(becomes) >= 0 ? new Boolean[0]
                : new Boolean[] {codes.length > 0});
    }

    @Test
    void levelsMayBeSkippedWhateverTheAddressHasThere() {
        long lowest = qemu.entry(root(), 3, 0x1000, 1) & -0x1000L;
        qemu.memory.write64(root(), Fixture.directory(lowest, 1));
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
    }

    @Test
    void walkEndsWhereNoRightIsLeftAsIfThereWereAPage() {
        long table = qemu.entry(root(), 3, 0x1000, 1) & -0x1000L;
        change(3, 0, 1L << 61);
        change(2, 0, 1L << 62);
        assertThat(qemu.read(0x1008)).as("2 MiB from the table on")
                .isEqualTo((table & -0x20_0000L) + 0x1008);
    }

    @Test
    void deviceIsTranslatedOnceItsEntryWasInvalidated() {
        long root = qemu.domain(OTHER, DOMAIN, 3);
        assertThat(Fixture.outcome(qemu.unit.translate(OTHER, 0x7000, Access.READ))).as("never")
                .isEqualTo(NONE);
        invalidate(OTHER);
        assertThat(Fixture.outcome(qemu.unit.translate(OTHER, 0x7000, Access.READ)))
                .isEqualTo(-2);
        qemu.memory.write64(qemu.entryOf(OTHER), root | 3 | 3L << 61);
        assertThat(Fixture.outcome(qemu.unit.translate(OTHER, 0x7000, Access.READ)))
                .as("mode 0, looked up").isEqualTo(0x7000);
        invalidate(OTHER);
        assertThat(Fixture.outcome(qemu.unit.translate(OTHER, 0x7000, Access.READ)))
                .as("mode 0, passes").isEqualTo(NONE);
        qemu.memory.write64(qemu.entryOf(OTHER), 4);
        invalidate(OTHER);
        assertThat(Fixture.outcome(qemu.unit.translate(OTHER, 0x8000, Access.READ)))
                .as("an entry that cannot be used blocks").isEqualTo(-1);
        assertThat(qemu.memory.read64(qemu.log + 16)).as("logged at the invalidation too")
                .isEqualTo(0x1000L << 48 | OTHER);
    }

    @Test
    void withoutItsPropertyNothingIsTranslated() {
        var off = Fixture.on(Map.of("asQemu", 1L, "qemuVersion", 11L, "qemuRemaps", 0L));
        off.domain(DEVICE, DOMAIN, 3);
        off.command(2L << 60 | DEVICE, 0);
        assertThat(off.read(0x1000)).isEqualTo(NONE);
        assertThat(off.read(AmdViRegisters.EVENT_TAIL)).isZero();
    }

    @Test
    void unitThatBeginsEnabledTranslatesAsItsEntriesSay() {
        Fixture captured = Fixture.began(SETTINGS);
        captured.map(captured.domain(DEVICE, DOMAIN, 3), 0x1000, PAGE, RW);
        assertThat(captured.read(0x1000)).isEqualTo(PAGE);
        assertThat(captured.read(0x2000)).isEqualTo(-2);
    }

    @Test
    void addressBitsAbove47AreTheTagsOwn() {
        qemu.memory.write64(qemu.entryOf(DEVICE), Fixture.low(6, root(), RW));
        qemu.memory.write64(root(), Fixture.directory(
                qemu.memory.read64(root()) & 0xf_ffff_ffff_f000L, 2));
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
        change(2, 0, 0);
        assertThat(qemu.read(1L << 51 | 0x1000)).as("walked, not found in the cache")
                .isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "plain wait, 0x1000000000000000, 0, 0",
        "wait with bit 52, 0x1010000000000000, 0, 5001",
        "entry with bit 16, 0x2000000000010028, 0, 5002",
        "pages with bit 20, 0x3000000500100000, 0, 5003",
        "pages with bit 3 above, 0x3000000500000000, 0x1008, 5003",
        "IOTLB with bit 1 above, 0x4000000000000028, 0x1002, 5004",
        "interrupt table with bit 63 above, 0x5000000000000028, 0x8000000000000000, 5005",
        "prefetch with bit 16, 0x6000000000010000, 0, 5006",
        "page request with bit 0 above, 0x7000000000000000, 1, 5007",
        "everything with bit 0, 0x8000000000000001, 0, 5008",
        "opcode 9, 0x9000000000000000, 0, 5009",
        "opcode 0, 0, 0, 5000"})
    void reservedBitsOfCommandsAreLogged(String name, String q0, String q1, String event) {
        qemu.command(unsigned(q0), unsigned(q1));
        assertThat(qemu.memory.read64(qemu.log) >>> 48).isEqualTo(Long.parseLong(event, 16));
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).as("goes on")
                .isEqualTo(qemu.read(AmdViRegisters.CMD_TAIL));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "IOTLB of the device, 0x4000000000000028, 0x7ffffffffffff001, true",
        "IOTLB of another, 0x4000000000000030, 0x7ffffffffffff001, false",
        "IOTLB with a reserved bit, 0x4000000000000028, 0x7ffffffffffff003, false",
        "pages with a reserved bit, 0x3000000500000000, 0x1008, true",
        "everything with one, 0x8000000000000001, 0, true"})
    void cachedPageGoes(String name, String q0, String q1, boolean goes) {
        assertThat(qemu.read(0x1000)).isEqualTo(PAGE);
        change(1, 0x2000, 0);
        qemu.command(unsigned(q0), unsigned(q1));
        assertThat(qemu.read(0x1000)).isEqualTo(goes ? PAGE + 0x2000 : PAGE);
    }

    @Test
    void tailBeyondTheBufferCountsModuloItsSize() {
        qemu.write(AmdViRegisters.CMD_TAIL, 0x1000 + 0x40);
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x40);
    }

    @Test
    void commandThatCannotBeReadIsLoggedAndSkipped() {
        qemu.write(AmdViRegisters.CMD_BUF, OUTSIDE | 8L << 56);
        qemu.write(AmdViRegisters.CMD_TAIL, 0x20);
        assertThat(qemu.read(AmdViRegisters.CMD_HEAD)).isEqualTo(0x20);
        assertThat(event(0) >>> 48).isEqualTo(0x6000);
        assertThat(event(1) >>> 48).isEqualTo(0x6000);
    }

    @Test
    void translatedRequestOfAnotherBusIsLoggedWithoutIt() {
        int far = 0x128;
        qemu.memory.write64(qemu.entryOf(far), Fixture.low(3, root(), RW));
        invalidate(far);
        assertThat(Fixture.outcome(qemu.unit.translate(far, 0x9000, Access.READ))).isEqualTo(-2);
        assertThat(event(0)).isEqualTo(0x2009L << 48 | 0x28);
        assertThat(Translation.isBlocked(qemu.unit.translate(far, 0x9000, Access.WRITE))).isTrue();
        assertThat(event(1)).isEqualTo(0x200aL << 48 | 0x28);
    }
}
