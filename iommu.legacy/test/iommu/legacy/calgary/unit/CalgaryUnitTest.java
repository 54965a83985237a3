// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static iommu.api.pcie.Access.READ;
import static iommu.api.pcie.Access.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.ChannelError;
import iommu.legacy.calgary.Chip;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of requests, and what software finds in registers. */
class CalgaryUnitTest {

    private static final long TABLE = 0x20_0000;
    private static final int ENABLED = 0x2100_0000;

    private final Chip chip = new Chip();

    private void enable(int phb, int size) {
        chip.setTar(phb, TABLE | size);
        chip.set(phb, CalgaryRegisters.CONFIG_RW, ENABLED);
    }

    private ChannelError refused(int requester, long address, int access) {
        long answer = chip.unit.translate(requester, address, access);
        assertThat(Translation.isBlocked(answer)).isTrue();
        return ChannelError.of(Translation.reason(answer));
    }

    @Test
    void aPhbThatIsOffPassesAll() {
        assertThat(chip.unit.translate(Chip.DISK, 0x1234, READ))
                .isEqualTo(Translation.untranslated());
        assertThat(chip.unit.translating()).isFalse();
    }

    @Test
    void anEntryLeadsToItsPage() {
        enable(1, 0);
        chip.entry(TABLE, 0x80, 0x345_6003L);
        long answer = chip.unit.translate(Chip.DISK, 0x8_0abc, WRITE);
        assertThat(Translation.address(answer)).isEqualTo(0x345_6abc);
        assertThat(Translation.pageShift(answer)).isEqualTo(12);
        assertThat(chip.refused).isEmpty();
    }

    @Test
    void allAgentsOfABusHaveOneTable() {
        enable(1, 0);
        chip.entry(TABLE, 0x80, 0x345_6003L);
        assertThat(chip.unit.translate(Chip.MANAGEMENT, 0x8_0000, READ))
                .isEqualTo(chip.unit.translate(Chip.DISK, 0x8_0000, READ));
        assertThat(chip.unit.tableOf(Chip.MANAGEMENT)).isEqualTo(RequesterId.of(0, 1, 0, 0));
        assertThat(chip.unit.translate(Chip.NIC, 0x8_0000, READ)).as("bus 2 is on another PHB")
                .isEqualTo(Translation.untranslated());
        assertThat(chip.unit.tableOf(RequesterId.of(0, 3, 5, 1)))
                .isEqualTo(RequesterId.of(0, 2, 0, 0));
    }

    @ParameterizedTest
    @CsvSource({"0x0, 1, NO_ENTRY", "0x0, 2, NO_ENTRY", "0x1, 2, NO_WRITE", "0x2, 1, NO_READ"})
    void rightsCount(String rights, int access, ChannelError error) {
        enable(1, 0);
        chip.entry(TABLE, 0x80, 0x345_6000L | Long.decode(rights));
        assertThat(refused(Chip.DISK, 0x8_0000, access)).isEqualTo(error);
    }

    @ParameterizedTest
    @CsvSource({"0, 0x1fff000, 0x2000000", "3, 0xffff000, 0x10000000", "5, 0x3ffff000, 0x40000000"})
    void aTableEndsWhereItsSizeSays(int size, String last, String beyond) {
        enable(1, size);
        chip.entry(TABLE, Long.decode(last) >>> 12, 0x345_6003L);
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, Long.decode(last), READ)))
                .isEqualTo(0x345_6000);
        assertThat(refused(Chip.DISK, Long.decode(beyond), READ))
                .isEqualTo(ChannelError.BEYOND_TABLE);
    }

    @Test
    void widerAddressesAreRefused() {
        enable(1, 0);
        assertThat(refused(Chip.DISK, 1L << 32, READ)).isEqualTo(ChannelError.DUAL_ADDRESS);
        assertThat(refused(Chip.DISK, -4096, READ)).isEqualTo(ChannelError.DUAL_ADDRESS);
        chip.set(1, CalgaryRegisters.CONFIG_RW, 0x2000_0000);
        assertThat(refused(Chip.DISK, 1L << 32, READ)).isEqualTo(ChannelError.BEYOND_TABLE);
    }

    @Test
    void memoryOfDevicesIsNotTranslated() {
        enable(1, 7);
        chip.set(1, CalgaryRegisters.MEM_1_LOW, 0xe000_0000);
        chip.set(1, CalgaryRegisters.MEM_1_SIZE, 0xe7ff_0000);
        for (long address : new long[] {0xa_0000, 0xf_ffff, 0xe000_0000L, 0xe7ff_ffffL}) {
            assertThat(Translation.address(chip.unit.translate(Chip.DISK, address, READ)))
                    .isEqualTo(address);
        }
        assertThat(refused(Chip.DISK, 0xe800_0000L, READ)).isNotNull();
        chip.set(1, CalgaryRegisters.MEM_2_LOW, 0xe800_0000);
        chip.set(1, CalgaryRegisters.MEM_2_SIZE_LOW, 0xe80f_ffff);
        assertThat(refused(Chip.DISK, 0xe800_0000L, READ)).as("not enabled").isNotNull();
        chip.set(1, CalgaryRegisters.CONFIG_RW, ENABLED | 0x40_0000);
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, 0xe800_0000L, READ)))
                .isEqualTo(0xe800_0000L);
    }

    @Test
    void anEntryThatIsChangedInMemoryStaysUntilTheTableIsSet() {
        enable(1, 0);
        chip.entry(TABLE, 0x80, 0x345_6003L);
        chip.unit.translate(Chip.DISK, 0x8_0000, READ);
        chip.entry(TABLE, 0x80, 0);
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, 0x8_0000, READ)))
                .isEqualTo(0x345_6000);
        chip.setTar(1, TABLE);
        assertThat(refused(Chip.DISK, 0x8_0000, READ)).isEqualTo(ChannelError.NO_ENTRY);
        assertThat(chip.told).contains("TCE cache of PHB 1");
    }

    @Test
    void whatGrantsNothingIsNotCached() {
        enable(1, 0);
        assertThat(refused(Chip.DISK, 0x8_0000, READ)).isEqualTo(ChannelError.NO_ENTRY);
        chip.entry(TABLE, 0x80, 0x345_6003L);
        assertThat(Translation.isBlocked(chip.unit.translate(Chip.DISK, 0x8_0000, READ)))
                .isFalse();
    }

    /** "0x10010000@CSR 0x04000000@PLSSR" was printed by a machine whose device 1 met an error. */
    @Test
    void theFirstErrorStaysUntilItIsCleared() {
        enable(1, 0);
        refused(Chip.DISK, 0x8_0000, READ);
        assertThat(chip.get(1, CalgaryRegisters.CSR)).isEqualTo(0x1002_0000);
        assertThat(chip.get(1, CalgaryRegisters.PLSSR)).isEqualTo(0x0400_0000);
        refused(Chip.MANAGEMENT, 0x8_0000, READ);
        assertThat(chip.get(1, CalgaryRegisters.CSR)).isEqualTo(0x1002_0000);
        chip.set(1, CalgaryRegisters.CSR, 0);
        assertThat(chip.get(1, CalgaryRegisters.PLSSR)).isZero();
        refused(Chip.MANAGEMENT, 0x8_0000, READ);
        assertThat(chip.get(1, CalgaryRegisters.CSR)).isEqualTo(0x1003_0000);
        assertThat(chip.refused).containsExactly("calgary:NO_ENTRY noted", "calgary:NO_ENTRY",
                "calgary:NO_ENTRY noted");
        assertThat(chip.get(2, CalgaryRegisters.CSR)).as("another PHB").isZero();
    }

    @Test
    void aDisabledSlotRefusesAllAndNotesNothing() {
        enable(1, 0);
        chip.entry(TABLE, 0x80, 0x345_6003L);
        chip.set(1, CalgaryRegisters.CONFIG_RW, ENABLED | 0x1c00_0000);
        assertThat(refused(Chip.DISK, 0x8_0000, READ)).isEqualTo(ChannelError.SLOT_DISABLED);
        assertThat(chip.get(1, CalgaryRegisters.CSR)).isZero();
        assertThat(chip.refused).containsExactly("calgary:SLOT_DISABLED");
    }

    @Test
    void aTableOutsideOfMemoryRefuses() {
        chip.setTar(1, Chip.END);
        chip.set(1, CalgaryRegisters.CONFIG_RW, ENABLED);
        assertThat(refused(Chip.DISK, 0x8_0000, READ)).isEqualTo(ChannelError.NO_MEMORY);
    }

    @Test
    void registersAreSeenWithTheirBytesSwapped() {
        chip.setTar(1, 0x0000_0012_3456_8005L);
        assertThat(chip.unit.readRegister(CalgaryRegisters.tar(1), 8))
                .isEqualTo(0x0580_5634_1200_0000L);
        assertThat(chip.unit.readRegister(CalgaryRegisters.tar(1), 4)).isEqualTo(0x1200_0000);
        assertThat(chip.unit.readRegister(CalgaryRegisters.splitQueue(1), 8) & 0xff)
                .as("readq without a swap: idle").isEqualTo(0xff);
        assertThatThrownBy(() -> chip.unit.readRegister(0xc000, 4))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> chip.unit.writeRegister(0x582, 4, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theFirstPhbThatTranslatesIsTheSwitch() {
        enable(1, 0);
        enable(2, 0);
        chip.set(1, CalgaryRegisters.CONFIG_RW, 0);
        assertThat(chip.unit.translating()).isTrue();
        chip.set(2, CalgaryRegisters.CONFIG_RW, 0);
        assertThat(chip.told).filteredOn(t -> !t.startsWith("TCE")).containsExactly("on", "off");
    }

    @Test
    void aChipOfWhichNothingIsToldHasAllBusesOnItsFirstPhb() {
        var unit = new CalgaryUnit(new UnitProfile("calgary", "bare", 0, Map.of(), Map.of()),
                chip.memory);
        assertThat(unit.tableOf(RequesterId.of(1, 0x42, 3, 0))).isEqualTo(0x1_0000);
        assertThat(Interrupt.isUnchanged(unit.interrupt(Chip.DISK, 0xfee0_0000L, 0x41))).isTrue();
    }

    @Test
    void settingsAreHeldToTheirRange() {
        assertThat(new Chip(Map.of("blockedReadAborts", 0L)).unit.blockedRequests().readStatus())
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(chip.unit.blockedRequests().readStatus())
                .isEqualTo(CompletionStatus.COMPLETER_ABORT);
        assertThatThrownBy(() -> new Chip(Map.of("cacheEntries", 3L)))
                .hasMessageContaining("power of two");
        assertThatThrownBy(() -> new Chip(Map.of("cacheEntries", 0L)))
                .hasMessageContaining("1 to 65536");
        assertThatThrownBy(() -> new Chip(Map.of("other", 1L)))
                .hasMessageContaining("unknown setting 'other'");
    }
}
