// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.DeviceTableEntry;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which entries of the old device table are copied, and which halves of them. */
class TableCopyTest {

    private static final int PAGES = 8;
    private static final long INTERRUPTS = 0x2000_0000_0123_4013L;

    private final KernelFixture fixture = new KernelFixture();
    private final DomainIds ids = new DomainIds();
    private TableCopy copy = new TableCopy(fixture, ids, quirks("6.1"));
    private long old;

    private static KernelQuirks quirks(String version) {
        return KernelQuirks.of(KernelProfile.linux(KernelVersion.parse(version)));
    }

    @BeforeEach
    void oldTable() {
        old = fixture.allocatePages(PAGES);
    }

    private void entry(int device, long q0, long q1, long q2) {
        fixture.memory.write64(old + device * 32L, q0);
        fixture.memory.write64(old + device * 32L + 8, q1);
        fixture.memory.write64(old + device * 32L + 16, q2);
    }

    private DeviceEntries copied() {
        return copy.copy(old | PAGES - 1, KernelFixture.TABLE_BYTES);
    }

    private long word(DeviceEntries entries, int device, int quadword) {
        return fixture.memory.read64(entries.base() + device * 32L + quadword * 8L);
    }

    @Test
    void aValidEntryWithADomainIsCopiedAndItsIdReserved() {
        entry(0x48, 0x6000_0000_022c_8603L, 5, INTERRUPTS);
        DeviceEntries entries = copied();
        assertThat(entries.count()).isEqualTo(1024);
        assertThat(word(entries, 0x48, 0)).isEqualTo(0x6000_0000_022c_8603L);
        assertThat(word(entries, 0x48, 1)).isEqualTo(5);
        assertThat(word(entries, 0x48, 2)).isEqualTo(INTERRUPTS);
        assertThat(copy.copied().stream()).containsExactly(0x48);
        for (int expected : new int[] {1, 2, 3, 4, 6}) {
            assertThat(ids.take()).isEqualTo(expected);
        }
    }

    @Test
    void anEntryWithoutDomainIsCopiedTooAndGoesOnBlocking() {
        entry(0x48, 3, 0, INTERRUPTS);
        DeviceEntries entries = copied();
        assertThat(word(entries, 0x48, 0)).isEqualTo(3);
        assertThat(word(entries, 0x48, 2)).isEqualTo(INTERRUPTS);
        assertThat(copy.copied().isEmpty()).isTrue();
    }

    @Test
    void theIdOfAnEntryThatIsNotValidIsNotReserved() {
        entry(0x48, 0x6000_0000_022c_8602L, 5, 0);
        assertThat(word(copied(), 0x48, 0)).isEqualTo(0x6000_0000_022c_8602L);
        assertThat(ids.take()).isEqualTo(1);
    }

    @Test
    void interruptsWithoutTableAreNotLookedAt() {
        entry(0x48, 3, 0, 1);
        assertThat(word(copied(), 0x48, 2)).as("IntCtl and IntTabLen both 0").isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"4.14, 8, true", "4.14, 9, false", "5.9, 8, true", "5.10, 9, true",
        "5.10, 8, false", "6.17, 9, true"})
    void theLengthOfInterruptTablesIsThatOfTheVersion(String version, int length, boolean taken) {
        copy = new TableCopy(fixture, ids, quirks(version));
        long q2 = DeviceTableEntry.INT_TAB_LEN.with(1, length);
        entry(0x48, 3, 0, DeviceTableEntry.INT_CTL.with(q2, 2));
        assertThat(copied() != null).isEqualTo(taken);
    }

    @ParameterizedTest
    @CsvSource({"6.12, true", "6.13, false", "6.17, false"})
    void anAllocatorThatGivesEachIdOnceRefusesATableWithASharedOne(String version,
            boolean taken) {
        copy = new TableCopy(fixture, ids, quirks(version));
        entry(0x48, 0x6000_0000_022c_8603L, 5, 0);
        entry(0x50, 0x6000_0000_022c_8603L, 6, 0);
        assertThat(copied()).as("no two alike").isNotNull();
        entry(0x50, 0x6000_0000_022c_8603L, 5, 0);
        copy = new TableCopy(fixture, ids, quirks(version));
        assertThat(copied() != null).isEqualTo(taken);
        assertThat(copy.refusal()).isEqualTo(taken ? null : "Failed to reserve domain ID 0x5");
    }

    /** IntCtl, IntTabLen and whether Linux takes them for its own. */
    @ParameterizedTest
    @CsvSource({"2, 9, true", "2, 8, false", "2, 11, false", "1, 9, false", "3, 9, false",
        "0, 9, false", "2, 0, false", "0, 0, true"})
    void anInterruptTableMustBeOneOfLinux(int control, int length, boolean taken) {
        long q2 = DeviceTableEntry.INT_TAB_LEN.with(1, length);
        entry(0x48, 3, 0, DeviceTableEntry.INT_CTL.with(q2, control));
        assertThat(copied() != null).isEqualTo(taken);
        if (!taken) {
            assertThat(copy.refusal()).isEqualTo("Wrong old irq remapping flag: 0x48");
        }
    }

    @Test
    void theOldTableIsLeftAsItIs() {
        entry(0x48, 0x6000_0000_022c_8603L, 5, INTERRUPTS);
        DeviceEntries entries = copied();
        entries.blockOthers();
        assertThat(fixture.memory.read64(old)).isZero();
        assertThat(word(entries, 0, 0)).isEqualTo(3);
        assertThat(word(entries, 0x48, 0)).isEqualTo(0x6000_0000_022c_8603L);
    }

    @Test
    void aTableOfAnySizeIsTakenWhereNoneIsExpected() {
        assertThat(copy.copy(old | 3, 0).count()).isEqualTo(512);
        assertThat(copy.copy(old | 3, KernelFixture.TABLE_BYTES)).isNull();
        assertThat(copy.copy(7, 0)).as("at address 0").isNull();
        assertThat(copy.refusal()).isEqualTo("The old device table cannot be read");
    }

    @Test
    void aTableThatEndsOutsideMemoryIsNotRead() {
        assertThat(copy.copy(KernelFixture.MEMORY_BYTES - 4096 | 7, 0)).isNull();
        long last = KernelFixture.MEMORY_BYTES - 0x8000;
        for (long at = last; at < KernelFixture.MEMORY_BYTES; at += 8) {
            fixture.memory.write64(at, 0);
        }
        assertThat(copy.copy(last | 7, 0)).isNotNull();
    }
}
