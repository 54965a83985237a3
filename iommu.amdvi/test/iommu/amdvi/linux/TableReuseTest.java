// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which device tables of the kernel before are taken where they lie, and the versions that do. */
class TableReuseTest {

    private static final String SIZE = "The device table size of IOMMU:0 is not expected!";
    private static final String HIGH =
            "The address of old device table is above 4G, not trustworthy!";

    private final KernelFixture fixture = new KernelFixture();
    private final DomainIds ids = new DomainIds();

    private TableReuse reuse(KernelProfile kernel) {
        return new TableReuse(fixture, ids, KernelQuirks.of(kernel));
    }

    private static KernelProfile kernel() {
        return KernelProfile.linux(KernelVersion.parse("6.19"));
    }

    @ParameterizedTest(name = "register {0}, expected {1}")
    @CsvSource({"0x200007, 0x8000, ''", "0x200007, 0, ''", "0x200007, 0x7000, " + SIZE,
        "0x200007, 0x9000, " + SIZE, "0x200000, 0x1000, ''", "0x7, 0x8000, unreadable",
        "0x4000007, 0x8000, unreadable", "0x3ffc007, 0x8000, unreadable", "0x3ff8007, 0x8000, ''"})
    void sizeAndPlaceDecide(String register, String bytes, String refusal) {
        TableReuse reuse = reuse(kernel());
        DeviceEntries taken = reuse.reuse(Long.decode(register), Long.decode(bytes));
        assertThat(taken == null).isEqualTo(!refusal.isEmpty());
        assertThat(reuse.refusal()).isEqualTo(refusal.isEmpty() ? null
                : refusal.equals("unreadable") ? "The old device table cannot be read" : refusal);
        if (taken != null) {
            assertThat(taken.base()).isEqualTo(Long.decode(register) & -4096);
            assertThat(taken.bytes()).isEqualTo((Long.decode(register) + 1 & 0xfff) * 4096);
        }
    }

    @ParameterizedTest(name = "bit {0}")
    @CsvSource({"32", "40", "51"})
    void aTableAbove4GiBIsNotTrusted(int bit) {
        TableReuse reuse = reuse(kernel());
        assertThat(reuse.reuse(1L << bit | 7, 0x8000)).isNull();
        assertThat(reuse.refusal()).isEqualTo(HIGH);
        TableReuse trusting = reuse(kernel());
        assertThat(trusting.reuse(1L << bit | 7, 0x8000, true)).as("no memory there").isNull();
        assertThat(trusting.refusal()).isEqualTo("The old device table cannot be read");
    }

    /** The mark of encrypted memory is no part of the address. */
    @Test
    void theEncryptionBitIsTakenOut() {
        TableReuse reuse = reuse(kernel().with("amdvi.encryptionBit", 47));
        DeviceEntries taken = reuse.reuse(1L << 47 | 0x20_0007, 0x8000);
        assertThat(taken.base()).isEqualTo(0x20_0000);
        assertThat(reuse(kernel().with("amdvi.encryptionBit", 46))
                .reuse(1L << 47 | 0x20_0007, 0x8000)).isNull();
    }

    /** Of valid entries alone, whatever else is in them. */
    @Test
    void theIdsOfValidEntriesAreReserved() {
        long base = fixture.allocatePages(8);
        int[] domains = {1, 2, 3, 4, 6};
        for (int device = 0; device < domains.length; device++) {
            fixture.memory.write64(base + 32L * device + 8, domains[device]);
            fixture.memory.write64(base + 32L * device, device == 2 ? 2 : 1);
        }
        reuse(kernel()).reuse(AmdViRegisters.DEV_TAB_SIZE.with(base, 7), 0x8000);
        assertThat(ids.take()).as("that of the entry without V").isEqualTo(3);
        assertThat(ids.take()).isEqualTo(5);
        assertThat(ids.take()).isEqualTo(7);
    }

    // ---- versions -------------------------------------------------------------------------------

    private static String changes(ToIntFunction<KernelProfile> value) {
        var told = new StringBuilder();
        int before = -1;
        String[] lines = {"2.6.", "3.", "4.", "5.", "6.", "7."};
        int[] last = {39, 19, 20, 19, 19, 5};
        for (int line = 0; line < lines.length; line++) {
            for (int i = line == 0 ? 24 : 0; i <= last[line]; i++) {
                String version = lines[line] + i;
                int now = value.applyAsInt(KernelProfile.linux(KernelVersion.parse(version)));
                if (now != before) {
                    told.append(before < 0 ? "" : " " + version + "=").append(now);
                }
                before = now;
            }
        }
        return told.toString();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"CRASH_DISABLES, 0 2.6.31=1 2.6.34=0", "ATTACHES_FIRST, 0 2.6.31=1 2.6.34=0",
        "ENABLES_EARLY, 0 3.7=1", "HAND_OVER, 0 4.14=1 6.18=2", "ENCRYPTION_BIT, 0",
        "FLUSHES_OLD_DOMAIN, 0 5.3=1", "REFUSES_SHARED_IDS, 0 6.13=1 6.18=0",
        "FLUSHES_ENTRY_TWICE, 0 6.14=1", "INTERRUPT_TABLE_LENGTH, 8 5.10=9",
        "ENABLES_EVENTS_LATE, 0 7.0=1", "OFF_DISABLES, 0 4.13=1 5.12=0",
        "RESERVES_IDS, 1 6.18=0 6.19=1", "DISABLED, 0",
        "INTERRUPT_REMAPPING, 1", "KDUMP, 1"})
    void settingsChangeWithTheseVersionsAndNoOthers(KernelSetting setting, String expected) {
        assertThat(changes(setting::read)).isEqualTo(expected);
    }
}
