// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.GlobalCommand;
import iommu.vtd.PasidEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.registers.HardwareProfiles;
import java.util.HashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What units do under the profiles of newer QEMUs, where these differ from 7.2 and each other. */
class QemuVersionsTest {

    private static final long IOVA = 0x1000;
    private static final long OLD = 0x20_0000;
    private static final long NEW = 0x30_0000;
    /** Scalable mode with first-stage tables alone, as "fsts" makes it. */
    private static final long FIRST_STAGE_ECAP = 0x8800_00f0_0f4aL;
    private static final long ROOM = 0x10_0000;

    private Bench bench;
    private long table;

    private void scalable(String profile) {
        bench = Bench.scalable(HardwareProfiles.named().get(profile).settings());
        table = bench.pasid(Bench.DEVICE, Bench.DOMAIN, 0);
        bench.map(table, IOVA, OLD, 3);
    }

    private int reason() {
        return Translation.reason(bench.read(IOVA));
    }

    private void pasidEntry(long low) {
        bench.memory.write64(bench.pasidEntry(Bench.DEVICE, 0), low);
        bench.invalidateContexts();
        bench.invalidateIotlb();
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, 0x58, 0x58, 0x58", "qemu-10, 0x59, 0x5b, 0x5b",
        "qemu-11, 0x59, 0x5b, 0x5b"})
    void problemsOfPasidEntriesAreToldApart(String profile, String notPresent, String type,
            String both) {
        scalable(profile);
        pasidEntry(Bench.pasidWord(table, 2, 2) & ~1);
        assertThat(reason()).isEqualTo(Integer.decode(notPresent));
        pasidEntry(Bench.pasidWord(table, 5, 2));
        assertThat(reason()).isEqualTo(Integer.decode(type));
        pasidEntry(Bench.pasidWord(table, 5, 2) & ~1);
        assertThat(reason()).as("not present, of no type").isEqualTo(Integer.decode(both));
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, false, false", "qemu-10, true, true", "qemu-11, true, true"})
    void passThroughNeedsNoWidthAndFirstStageNeedsTheCapability(String profile, boolean passes,
            boolean firstStageBlocks) {
        scalable(profile);
        pasidEntry(Bench.pasidWord(0, PasidEntry.PGTT_PASS_THROUGH, 7));
        assertThat(Translation.isBlocked(bench.read(IOVA))).isNotEqualTo(passes);
        pasidEntry(Bench.pasidWord(table, PasidEntry.PGTT_FIRST_STAGE, 2));
        assertThat(Translation.isBlocked(bench.read(IOVA))).isEqualTo(firstStageBlocks);
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, true", "qemu-10, true", "qemu-11, false"})
    void pasidEntryMustBeReadableWhileThePageIsCached(String profile, boolean read) {
        scalable(profile);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        bench.memory.write64(bench.pasidEntry(Bench.DEVICE, 0), Bench.pasidWord(table, 5, 2));
        assertThat(Translation.isBlocked(bench.read(IOVA))).isEqualTo(read);
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, c0ffff0600000108", "qemu-10, c0ffff0600000108",
        "qemu-11, c000000600000108"})
    void recordsOfLegacyModeHaveAPasidUpTo10(String profile, String high) {
        bench = Bench.legacy(Bench.CAP, Bench.ECAP,
                HardwareProfiles.named().get(profile).settings());
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.read(IOVA);
        long record = bench.read(VtdRegisters.faultRecordHigh(bench.cap, 0));
        assertThat(record).isEqualTo(Long.parseUnsignedLong(high, 16));
    }

    // ---- first stage ----------------------------------------------------------------------------

    private long leaf(long tableAt, long iova) {
        return bench.entry(tableAt, 4, iova, 1);
    }

    private void firstStage(String profile, int aw) {
        var settings = new HashMap<>(HardwareProfiles.named().get(profile).settings());
        settings.put("hostAddressWidth", 48L);
        bench = Bench.scalable(Bench.CAP, FIRST_STAGE_ECAP, settings);
        table = bench.page();
        bench.pasid(Bench.DEVICE, Bench.DOMAIN, 0);
        long entry = bench.pasidEntry(Bench.DEVICE, 0);
        bench.memory.write64(entry, Bench.pasidWord(0, PasidEntry.PGTT_FIRST_STAGE, aw));
        bench.memory.write64(entry + 16, table);
        bench.map(table, IOVA, OLD, 7);
        for (int level = 4; level > 1; level--) {
            long at = bench.entry(table, 4, IOVA, level);
            bench.memory.write64(at, bench.memory.read64(at) | 7);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qemu-10", "qemu-11"})
    void firstStageTablesAreWalkedAndMarked(String profile) {
        firstStage(profile, 2);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        long entry = bench.memory.read64(leaf(table, IOVA));
        assertThat(FirstStageEntry.A.isSet(entry)).isTrue();
        bench.invalidateIotlb();
        assertThat(Translation.isBlocked(bench.write(IOVA))).isFalse();
        assertThat(FirstStageEntry.D.isSet(bench.memory.read64(leaf(table, IOVA))))
                .as("an entry that is accessed is left alone").isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0x20_0000, 0x71", "0x20_0003, 0x81", "0x20_0005, 0x85", "0x4000_0020_0007, 0",
        "0x8_0000_0020_0007, 0x72", "0x8_0000_0020_0005, 0x85", "0xfee0_0007, 0x87"})
    void rightsOfFirstStageEntriesComeBeforeReservedBits(String entry, String number) {
        firstStage("qemu-11", 2);
        bench.memory.write64(leaf(table, IOVA),
                Long.decode(entry.replace("_", "")));
        long outcome = bench.write(IOVA);
        assertThat(Translation.isBlocked(outcome) ? Translation.reason(outcome) : 0)
                .isEqualTo(Integer.decode(number));
    }

    @ParameterizedTest
    @CsvSource({"1, 0x7f_ffff_f000, 0x80", "1, 0x3f_ffff_f000, 0x71", "2, 0x7f_ffff_f000, 0x71",
        "2, 0x8000_0000_0000, 0x80", "0, 0x2000_0000, 0x80"})
    void whatIsCanonicalIsSaidByTheWidthOfTheSecondStage(int aw, String iova, String number) {
        firstStage("qemu-11", aw);
        assertThat(Translation.reason(bench.read(Long.decode(iova.replace("_", "")))))
                .isEqualTo(Integer.decode(number));
    }

    @Test
    void pasidBasedInvalidationDropsFirstStagePages() {
        firstStage("qemu-11", 2);
        bench.read(IOVA);
        bench.memory.write64(leaf(table, IOVA), NEW | 7);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        push(6 | 3 << 4 | (long) Bench.DOMAIN << 16, 0x5000);
        assertThat(Translation.address(bench.read(IOVA))).as("another page").isEqualTo(OLD);
        push(6 | 3 << 4 | (long) Bench.DOMAIN << 16, IOVA);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(NEW);
    }

    @Test
    void invalidationOfAnySecondStagePageDropsFirstStagePagesOfTheDomain() {
        firstStage("qemu-11", 2);
        bench.read(IOVA);
        bench.memory.write64(leaf(table, IOVA), NEW | 7);
        push(2 | 3 << 4 | (long) Bench.DOMAIN << 16, 0x5000);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(NEW);
    }

    // ---- the queue ------------------------------------------------------------------------------

    private long tail;

    private void push(long low, long high) {
        boolean first = tail == 0;
        if (first) {
            bench.write(VtdRegisters.IQA, ROOM * 8 | 1 << 11);
            bench.command(GlobalCommand.QIE.mask());
        }
        bench.memory.write64(ROOM * 8 + tail, low);
        bench.memory.write64(ROOM * 8 + tail + 8, high);
        bench.memory.write64(ROOM * 8 + tail + 16, 0);
        bench.memory.write64(ROOM * 8 + tail + 24, 0);
        tail += 32;
        bench.write(VtdRegisters.IQT, tail);
    }

    private boolean wrong() {
        return (bench.read(VtdRegisters.FSTS) & 0x10) != 0;
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, 0x7, 0, false", "qemu-10, 0x1_0000_0000_0007, 0, false",
        "qemu-11, 0x8000_0000_0000_7, 0, false", "qemu-11, 0x7, 1, true",
        "qemu-11, 0x10_0000_0000_0007, 0, true", "qemu-7.2, 0x104, 0, false",
        "qemu-10, 0x104, 0, true", "qemu-10, 0x45, 0, true", "qemu-11, 0x45, 0, false",
        "qemu-7.2, 0x8, 0, true", "qemu-10, 0x8, 0, false", "qemu-11, 0x9, 0, true",
        "qemu-11, 0x19, 0, false", "qemu-11, 0x39, 0, true", "qemu-11, 0x19, 2, true",
        "qemu-10, 0x19, 0, true", "qemu-7.2, 0x207, 0, false", "qemu-10, 0x207, 0, true",
        "qemu-10, 0x36, 18, false", "qemu-10, 0x36, 19, true", "qemu-11, 0x36, 19, true",
        "spec, 0x9, 0, false", "spec, 0x19, 2, true", "spec, 0x207, 0, true",
        "spec, 0x104, 0, true", "spec, 0x3, 2, true", "spec, 0x1003, 0, false",
        "spec, 0x203, 0, true", "spec, 0x10_0000_0000_0027, 0, true", "spec, 0x27, 1, true",
        "spec, 0x26, 0x80, true", "spec, 0x66, 0, true", "spec, 0x208, 0, true",
        "spec, 0x8, 2, true", "spec, 0x8, 1, false", "spec, 0x800_0004, 0, false"})
    void reservedFieldsOfDescriptorsCountFrom10On(String profile, String low, long high,
            boolean wrong) {
        scalable(profile);
        push(Long.parseUnsignedLong(low.substring(2).replace("_", ""), 16), high);
        assertThat(wrong()).isEqualTo(wrong);
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, 0x30_0001, false", "qemu-10, 0x30_0801, true",
        "qemu-11, 0x30_0801, true"})
    void widthOfDescriptorsReadsBackAndATailInsideOneIsAnErrorFrom10On(String profile,
            String address, boolean wrong) {
        scalable(profile);
        bench.write(VtdRegisters.IQA, 0x30_0801);
        bench.command(GlobalCommand.QIE.mask());
        assertThat(bench.unit.readRegister(0x90, 8))
                .isEqualTo(Long.decode(address.replace("_", "")));
        bench.write(VtdRegisters.IQT, 0x10);
        assertThat(wrong()).isEqualTo(wrong);
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, false", "qemu-10, true", "qemu-11, true"})
    void faultsOfMessagesAreRecordedFrom10On(String profile, boolean recorded) {
        scalable(profile);
        bench.write(VtdRegisters.IRTA, bench.page());
        bench.command(GlobalCommand.SIRTP.mask());
        bench.command(GlobalCommand.IRE.mask());
        bench.unit.interrupt(Bench.DEVICE, 0xfee0_0010L, 0);
        assertThat((bench.read(VtdRegisters.FSTS) & 2) != 0).isEqualTo(recorded);
    }

    @ParameterizedTest
    @CsvSource({"qemu-10, true", "qemu-11, false"})
    void pasidCacheInvalidationHasSourcesLookedAtFrom11On(String profile, boolean stillPasses) {
        scalable(profile);
        pasidEntry(Bench.pasidWord(0, PasidEntry.PGTT_PASS_THROUGH, 2));
        assertThat(Translation.isUntranslated(bench.read(IOVA))).isTrue();
        bench.memory.write64(bench.pasidEntry(Bench.DEVICE, 0), Bench.pasidWord(table, 2, 2));
        push(7 | 3 << 4, 0);
        assertThat(Translation.isUntranslated(bench.unit.translate(Bench.DEVICE, IOVA,
                Access.READ))).isEqualTo(stillPasses);
    }
}
