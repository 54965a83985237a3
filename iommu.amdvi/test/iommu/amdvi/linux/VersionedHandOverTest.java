// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static iommu.amdvi.linux.KernelFixture.DISK;
import static iommu.amdvi.linux.KernelFixture.IOVA;
import static iommu.amdvi.linux.KernelFixture.NIC;
import static iommu.amdvi.linux.KernelFixture.RW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same crash, taken over by kernels of different years. */
class VersionedHandOverTest {

    private static final long FAULT = -2;
    private static final long UNTRANSLATED = -1000;
    private static final long NEW_IOVA = 0x7000_0000L;
    private static final long NEW_PAGE = 0x210_0000L;
    private static final long SNP = 0x8000_0000L;
    private static final int EFR_HIGH = 0x34;

    private final KernelFixture fixture = KernelFixture.crashed();

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    private long deviceTable() {
        return AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
    }

    // ---- up to 4.13: disabled, and started with an empty table ----------------------------------

    @Test
    void linux413StartsEmptyAtT4AndDevicesPassUntilT6() throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver("4.13");
        second.initialiseInterrupts();
        assertThat(fixture.switched).containsExactly(false, true);
        assertThat(fixture.go(0x58, IOVA)).as("V = 0: forwarded").isEqualTo(UNTRANSLATED);
        assertThat(fixture.go(NIC, IOVA)).as("also what was cached").isEqualTo(UNTRANSLATED);
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("Linux 4.13 on AMD-Vi takes over no device table");
        second.startClean();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
    }

    @Test
    void linux36DoesNothingAtT4() {
        LinuxAmdViDriver second = fixture.driver("3.6");
        second.initialiseInterrupts();
        assertThat(fixture.controls).isEmpty();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    // ---- from 6.18: reused in place -------------------------------------------------------------

    private LinuxAmdViDriver reused(KernelProfile kernel) throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver(kernel);
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.IN_PLACE);
        second.enableFaultInterrupt();
        return second;
    }

    @Test
    void linux618ReusesTableAndBuffersInPlace() throws StepRefusedException {
        long table = fixture.get(AmdViRegisters.DEV_TAB);
        long commands = fixture.get(AmdViRegisters.CMD_BUF);
        long log = fixture.get(AmdViRegisters.EVENT_LOG);
        LinuxAmdViDriver second = reused(linux("6.18"));
        assertThat(fixture.get(AmdViRegisters.DEV_TAB)).isEqualTo(table);
        assertThat(fixture.get(AmdViRegisters.CMD_BUF)).isEqualTo(commands);
        assertThat(fixture.get(AmdViRegisters.EVENT_LOG)).isEqualTo(log);
        assertThat(fixture.switched).as("IommuEn is never cleared").isEmpty();
        assertThat(fixture.console).contains("AMD-Vi: Reused DEV table from previous kernel.");
        assertThat(fixture.go(NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        assertThat(fixture.go(0x58, IOVA)).as("blocked from T6 on").isEqualTo(FAULT);
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.go(NIC, NEW_IOVA)).isEqualTo(NEW_PAGE);
        assertThat(fixture.go(NIC, IOVA)).as("a fresh domain").isEqualTo(FAULT);
        assertThat(fixture.go(DISK, IOVA)).as("as it was").isEqualTo(0x11_0000);
    }

    @Test
    void everyDomainIdOfTheOldTableIsReserved() throws StepRefusedException {
        LinuxAmdViDriver second = reused(linux("6.18.3"));
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.memory.read64(deviceTable() + NIC * 32 + 8) & 0xffff)
                .as("1 and 2 are the crashed kernel's").isEqualTo(3);
    }

    /** 6.18 forgot to: the first domain of the capture kernel has an id that another still has. */
    @Test
    void the618ThatForgotGivesAnIdTwice() throws StepRefusedException {
        LinuxAmdViDriver second = reused(linux("6.18"));
        second.map(DISK, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.memory.read64(deviceTable() + DISK * 32 + 8) & 0xffff)
                .as("that of the other device, which goes on")
                .isEqualTo(fixture.memory.read64(deviceTable() + NIC * 32 + 8) & 0xffff);
    }

    /** Half of what 6.18 changed: new buffers, of which the unit is never told. */
    @Test
    void withHalfAChangeCompletionsNeverCome() {
        long buffer = fixture.get(AmdViRegisters.CMD_BUF);
        LinuxAmdViDriver second = fixture.driver("6.6.119");
        second.initialiseInterrupts();
        assertThat(fixture.console).contains("AMD-Vi: Completion-Wait loop timed out");
        assertThat(fixture.get(AmdViRegisters.CMD_BUF)).isEqualTo(buffer);
        var mended = KernelFixture.crashed();
        mended.driver("6.6.120").initialiseInterrupts();
        assertThat(mended.console).noneMatch(line -> line.contains("timed out"));
    }

    /** The recording kdamd612: the log is off from T4 to T6. */
    @ParameterizedTest
    @CsvSource({"6.12, true", "6.12.117, false", "6.19, true", "7.3, false"})
    void theEventLogIsEnabledAtT4OrT6(String version, boolean early)
            throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver(version);
        second.initialiseInterrupts();
        assertThat(Control.EVENT_LOG_EN.isSet(fixture.get(AmdViRegisters.CONTROL)))
                .isEqualTo(early);
        second.adoptTables(version.startsWith("6.12") ? AdoptDepth.CONTEXTS : AdoptDepth.IN_PLACE);
        assertThat(Control.EVENT_LOG_EN.isSet(fixture.get(AmdViRegisters.CONTROL))).isTrue();
    }

    @Test
    void theEventLogOfACleanStartWaitsToo() throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver(linux("7.3").with("amdvi.kdump", 0));
        second.initialiseInterrupts();
        assertThat(Control.EVENT_LOG_EN.isSet(fixture.get(AmdViRegisters.CONTROL))).isFalse();
        second.startClean();
        assertThat(Control.EVENT_LOG_EN.isSet(fixture.get(AmdViRegisters.CONTROL))).isTrue();
        fixture.go(NIC, IOVA);
        second.handleFaults();
        assertThat(fixture.console).anyMatch(line -> line.contains("IO_PAGE_FAULT"));
    }

    @Test
    void aPlannedKexecStartsCleanAtT4() throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver(linux("6.1").with("amdvi.kdump", 0));
        second.initialiseInterrupts();
        assertThat(fixture.switched).containsExactly(false, true);
        assertThat(fixture.console).isEmpty();
        second.startClean();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
    }

    @Test
    void withoutInterruptRemappingNothingIsDoneBeforeT6AndTheirTablesStay()
            throws StepRefusedException {
        LinuxAmdViDriver second =
                fixture.driver(linux("7.3").with("amdvi.interruptRemapping", 0));
        second.initialiseInterrupts();
        assertThat(fixture.controls).isEmpty();
        second.adoptTables(AdoptDepth.IN_PLACE);
        assertThat(fixture.controls).isNotEmpty();
        long interrupts = deviceTable() + KernelFixture.REMAPPED * 32 + 16;
        long before = fixture.memory.read64(interrupts);
        assertThat(second.interruptMessage(KernelFixture.REMAPPED, 0x31)).isNull();
        assertThat(fixture.memory.read64(interrupts)).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"6.13, 1", "6.14, 2"})
    void anEntryIsInvalidatedOnceOrTwiceAtAttach(String version, int times)
            throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver(version);
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        long buffer = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.CMD_BUF));
        long first = fixture.get(AmdViRegisters.CMD_TAIL);
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        long end = fixture.get(AmdViRegisters.CMD_TAIL);
        assertThat(end).isGreaterThan(first);
        int seen = 0;
        for (long at = first; at < end; at += Command.BYTES) {
            seen += Command.OPCODE.of(fixture.memory.read64(buffer + at))
                    == Command.INVALIDATE_DEVTAB_ENTRY ? 1 : 0;
        }
        assertThat(seen).isEqualTo(times);
    }

    @ParameterizedTest
    @CsvSource({"5.2, false", "5.3, true"})
    void theOldDomainIsFlushedAtAttachFrom54On(String version, boolean flushed)
            throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver(
                linux(version).with("amdvi.interruptTableLength", 9));
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(0x11_0000);
        fixture.invalidated.clear();
        second.map(DISK, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.invalidated.stream()
                .anyMatch(i -> i.startsWith("pages, domain 0x2, all"))).isEqualTo(flushed);
    }

    /** As recorded in kdamd7_mpt, where both halves lie at T6: IommuEn stays 1 throughout. */
    @Test
    void theOrderOfEnablesIsBuffersOffIrtCacheThenCommandsOnAndTheLogLast()
            throws StepRefusedException {
        long on = fixture.get(AmdViRegisters.CONTROL);
        long commands = Control.CMD_BUF_EN.mask();
        long log = Control.EVENT_LOG_EN.mask();
        LinuxAmdViDriver second = fixture.driver("7.3");
        second.initialiseInterrupts();
        assertThat(fixture.controls).containsExactly(on & ~commands, on & ~commands & ~log,
                on & ~commands & ~log, on & ~commands & ~log, on & ~log, on & ~log);
        fixture.controls.clear();
        second.adoptTables(AdoptDepth.IN_PLACE);
        assertThat(fixture.controls).containsExactly(on);
    }

    /** The base registers are locked: only a kernel that does not write them gets on. */
    @Test
    void underSnpReuseWorksAndCompletionsGoWhereTheRegisterSays() throws StepRefusedException {
        long store = 0x1f_0000;
        fixture.replaceUnit(Map.of("snpLocked", 1L), Map.of(EFR_HIGH, (int) SNP,
                AmdViRegisters.EXCLUSION_BASE.offset(), (int) store));
        LinuxAmdViDriver second = reused(linux("6.18"));
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.go(NIC, NEW_IOVA)).isEqualTo(NEW_PAGE);
        assertThat(fixture.memory.read64(store)).as("the last number").isBetween(1L, 100L);
        assertThat(fixture.console).noneMatch(line -> line.contains("timed out"));
    }

    @Test
    void underSnpARefusedTableIsABug() {
        fixture.replaceUnit(Map.of("snpLocked", 1L), Map.of(EFR_HIGH, (int) SNP,
                AmdViRegisters.DEV_TAB.offset(), (int) deviceTable() | 3));
        assertThatThrownBy(() -> fixture.driver("6.18").initialiseInterrupts())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("kernel BUG at drivers/iommu/amd/init.c")
                .hasMessageContaining("size");
    }

    /**
     * The latent bug: without SNP a refused table is answered by a clean start, but the function
     * that sets the device table returns at once in a capture kernel. The unit keeps the old table,
     * and the kernel edits another.
     */
    @Test
    void withoutSnpAfterARefusedTableTheUnitKeepsTheOldOne() throws StepRefusedException {
        long old = deviceTable();
        fixture.replaceUnit(Map.of(), Map.of(AmdViRegisters.DEV_TAB.offset(), (int) old | 3));
        LinuxAmdViDriver second = fixture.driver("6.18");
        second.initialiseInterrupts();
        assertThat(fixture.console).contains(
                "AMD-Vi: The device table size of IOMMU:0 is not expected!",
                "AMD-Vi: Failed to reuse DEV table from previous kernel.");
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.IN_PLACE))
                .isInstanceOf(StepRefusedException.class).hasMessageContaining("size");
        second.startClean();
        assertThat(fixture.switched).containsExactly(false, true);
        assertThat(deviceTable()).isEqualTo(old);
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.go(NIC, NEW_IOVA)).as("the driver's own mapping").isEqualTo(FAULT);
        assertThat(fixture.go(NIC, IOVA)).as("the dead kernel's").isEqualTo(0x10_0000);
    }

    @Test
    void aKernelThatCopiesGetsOverTheSameRefusal() throws StepRefusedException {
        long old = deviceTable();
        fixture.replaceUnit(Map.of(), Map.of(AmdViRegisters.DEV_TAB.offset(), (int) old | 3));
        LinuxAmdViDriver second = fixture.driver("6.17");
        second.initialiseInterrupts();
        second.startClean();
        assertThat(deviceTable()).isNotEqualTo(old);
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.go(NIC, NEW_IOVA)).isEqualTo(NEW_PAGE);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
    }

    /** An address with the mark of encrypted memory is far above 4 GiB until that is taken out. */
    @Test
    void theMarkOfEncryptedMemoryIsTakenOutBeforeTheAddressIsLookedAt()
            throws StepRefusedException {
        long old = deviceTable();
        fixture.replaceUnit(Map.of(), Map.of(4, 1 << 47 - 32));
        LinuxAmdViDriver plain = fixture.driver("6.18");
        plain.initialiseInterrupts();
        assertThat(fixture.console).contains(
                "AMD-Vi: The address of old device table is above 4G, not trustworthy!");
        LinuxAmdViDriver encrypted = fixture.driver(linux("6.19").with("amdvi.encryptionBit", 47));
        encrypted.initialiseInterrupts();
        encrypted.adoptTables(AdoptDepth.IN_PLACE);
        encrypted.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.memory.read64(old + NIC * 32 + 8) & 0xffff).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "6.1 | IN_PLACE | Linux 6.1 on AMD-Vi copies the device table, not IN_PLACE",
        "6.1 | REUSE_ROOT | Linux 6.1 on AMD-Vi copies the device table, not REUSE_ROOT",
        "6.18 | CONTEXTS | Linux 6.18 on AMD-Vi reuses the device table in place, not CONTEXTS",
        "3.2 | CONTEXTS | Linux 3.2 on AMD-Vi takes over no device table"})
    void whatAVersionCannotDoIsRefusedWithItsReason(String version, AdoptDepth depth,
            String reason) {
        assertThatThrownBy(() -> fixture.driver(version).adoptTables(depth))
                .isInstanceOf(StepRefusedException.class).hasMessage(reason);
        assertThat(fixture.controls).as("nothing was changed").isEmpty();
    }
}
