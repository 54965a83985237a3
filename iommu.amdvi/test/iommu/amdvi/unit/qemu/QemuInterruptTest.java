// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import static iommu.amdvi.unit.Fixture.DEVICE;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.unit.AmdViUnit;
import iommu.amdvi.unit.Fixture;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.Interrupt;
import iommu.api.unit.WalkRecording;
import java.math.BigInteger;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What QEMUs made of the same messages and bytes, read from their logs. */
class QemuInterruptTest {

    private static final long MESSAGE = 0xfee0_1000L;
    private static final int INDEX = 3;
    private static final long XT_SUP = 4;

    private Fixture qemu;
    private long table;

    /** @param version of QEMU, 0 for the unit of the manual */
    private void unit(long version, long remaps) {
        qemu = Fixture.off(Fixture.FEATURES | XT_SUP, version == 0 ? Map.of()
                : Map.of("asQemu", 1L, "qemuVersion", version, "qemuMessages", remaps));
        qemu.control(Fixture.RUNNING);
        table = qemu.page();
        describe(0x2000_0000_0000_0013L);
    }

    private void describe(long q2) {
        qemu.memory.write64(qemu.entryOf(DEVICE) + 16, q2 | table);
    }

    private long remap(long address, int data) {
        return qemu.unit.interrupt(DEVICE, address, data);
    }

    private static long unsigned(String text) {
        return new BigInteger(text, 16).longValue();
    }

    private static String told(long outcome) {
        return Interrupt.isBlocked(outcome) ? "blocked" : Interrupt.isUnchanged(outcome) ? "same"
                : String.format("%x %d%s%s to %x", Interrupt.vector(outcome),
                        Interrupt.deliveryMode(outcome), Interrupt.isLogical(outcome) ? " DM" : "",
                        Interrupt.hasRedirectionHint(outcome) ? " RH"
                                : Interrupt.isLevel(outcome) ? " EOI" : "",
                        Interrupt.destination(outcome));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // entry of the device, low address bits, mode of the message, interrupt entry, QEMU's
        // outcome, the manual's if it is another
        "remapped, 2000000000000013, 0, 0, 00410501, 41 0 to 5,",
        "arbitrated, 2000000000000013, 0, 0, 00410565, 41 1 DM RH to 5, 41 1 DM EOI to 5",
        "beyond the table, 2000000000000001, 0, 0, 00410501, 41 0 to 5, blocked",
        "table too long, 200000000000001f, 0, 0, 00410501, 41 0 to 5, blocked",
        "not mapped, 2000000000000013, 0, 0, 00410500, blocked,",
        "for a guest, 2000000000000013, 0, 0, 00410581, blocked,",
        "type reserved, 2000000000000013, 0, 0, 00410509, blocked,",
        "IV = 0, 2000000000000012, 0, 0, 00410501, same,",
        "aborted, 0000000000000013, 0, 0, 00410501, blocked,",
        "forwarded, 1000000000000013, 0, 0, 00410501, 0 0 to 0, same",
        "IntCtl reserved, 3000000000000013, 0, 0, 00410501, blocked,",
        "SMI, 2700000000000013, 0, 2, 0, blocked, same",
        "SMI with DM, 2700000000000013, 4, 2, 0, blocked,",
        "reserved mode, 2700000000000013, 0, 3, 0, blocked,",
        "NMI, 2400000000000013, 0, 4, 0, same,",
        "NMI that may not pass, 2300000000000013, 0, 4, 0, blocked,",
        "NMI with DM, 2400000000000013, 4, 4, 0, blocked,",
        "INIT, 2100000000000013, 0, 5, 0, same,",
        "ExtInt, 2200000000000013, 0, 7, 0, same,"})
    void messagesBecomeWhatQemuMakesOfThem(String what, String q2, int low, int mode,
            String entry, String outcome, String manual) {
        for (long version : new long[] {7, 10, 11, 0}) {
            unit(version, 1);
            describe(unsigned(q2));
            qemu.memory.write32(table + INDEX * 4, (int) unsigned(entry));
            boolean differs = version == 0 && manual != null;
            assertThat(told(remap(MESSAGE | low, mode << 8 | INDEX))).as("QEMU %d", version)
                    .isEqualTo(differs ? manual : outcome);
            assertThat(qemu.read(AmdViRegisters.EVENT_TAIL)).as("events").isEqualTo(
                    version == 0 && qemu.logged.contains(true) ? 16 : 0);
        }
    }

    /** Versions from which on XTEn counts, and what they do without. */
    @ParameterizedTest
    @CsvSource({"10, 0, 77 0 to ab123456", "10, 1, 77 0 to ab123456", "11, 0, 77 0 to 56",
        "11, 1, 77 0 to ab123456"})
    void wideEntriesNeedGaEn(long version, int xtEn, String outcome) {
        unit(version, 1);
        qemu.control(Fixture.RUNNING | Control.GA_EN.mask() | xtEn * Control.XT_EN.mask());
        qemu.memory.write64(table + INDEX * 16, 0x1234_5601);
        qemu.memory.write64(table + INDEX * 16 + 8, 0xab00_0000_0000_0077L);
        assertThat(told(remap(MESSAGE, INDEX))).isEqualTo(outcome);
    }

    @Test
    void nothingIsCachedAndIommuEnDoesNotCount() {
        unit(11, 1);
        qemu.memory.write32(table + INDEX * 4, 0x0041_0501);
        remap(MESSAGE, INDEX);
        qemu.memory.write32(table + INDEX * 4, 0x0042_0501);
        qemu.control(0);
        assertThat(told(remap(MESSAGE, INDEX))).isEqualTo("42 0 to 5");
        describe(0x2000_0000_0000_0012L);
        assertThat(told(remap(MESSAGE, INDEX))).isEqualTo("same");
    }

    @Test
    void anIllegalEntryIsLoggedFromVersion11On() {
        for (long version : new long[] {7, 10, 11}) {
            unit(version, 1);
            describe(0x2010_0000_0000_0013L);
            assertThat(told(remap(MESSAGE, INDEX))).isEqualTo("blocked");
            assertThat(qemu.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(version == 11 ? 16 : 0);
            assertThat(qemu.logged).containsExactly(version == 11);
        }
    }

    @Test
    void withoutRemappingAnEntryWithIvBlocks() {
        unit(11, 0);
        qemu.memory.write32(table + INDEX * 4, 0x0041_0501);
        assertThat(told(remap(MESSAGE, INDEX))).isEqualTo("blocked");
        describe(0);
        assertThat(told(remap(MESSAGE, INDEX))).isEqualTo("same");
    }

    @Test
    void withoutADeviceTableMessagesPass() {
        unit(7, 1);
        var fresh = new AmdViUnit(new UnitProfile("amdvi", "fixture", 0xfed8_0000L, Map.of(),
                Map.of("asQemu", 1L)), qemu.memory);
        assertThat(told(fresh.interrupt(DEVICE, MESSAGE, INDEX))).isEqualTo("same");
    }

    @Test
    void whatDecidesIsTold() {
        unit(11, 1);
        qemu.memory.write32(table + INDEX * 4, 0x0041_0501);
        var steps = new WalkRecording();
        assertThat(told(qemu.unit.followInterrupt(DEVICE, MESSAGE, INDEX, steps)))
                .isEqualTo("41 0 to 5");
        assertThat(steps.steps()).extracting(WalkRecording.Step::structure)
                .containsExactly("device table entry", "interrupt table entry");
        assertThat(steps.steps().get(1).decision()).contains("vector 0x41 to APIC id 0x5");
    }
}
