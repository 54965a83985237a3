// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.BitField;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import java.util.Map;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every single bit of the structures that a unit of legacy mode reads: which are reserved, so that
 * setting one alone is the fault that the manual names.
 */
class ReservedBitsTest {

    private static final long IOVA = 0x4000_0000L;
    private static final long PAGE = 0x20_0000;

    /** Returns the bits of 128 for which something holds, as the manual writes them. */
    private static String bits(IntPredicate holds) {
        long low = 0;
        long high = 0;
        for (int bit = 0; bit < 128; bit++) {
            if (holds.test(bit)) {
                low |= bit < 64 ? 1L << bit : 0;
                high |= bit < 64 ? 0 : 1L << bit;
            }
        }
        return BitField.ranges(low) + " / " + BitField.ranges(high);
    }

    private static void flip(Bench bench, long entry, int bit) {
        long at = entry + bit / 64 * 8;
        bench.memory.write64(at, bench.memory.read64(at) ^ 1L << bit);
    }

    /** Returns the reason with which a read is blocked if one bit of an entry is flipped. */
    private static int reason(Entry which, int bit) {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, 3);
        flip(bench, which.at(bench, table), bit);
        long t = bench.read(IOVA);
        return Translation.isBlocked(t) ? Translation.reason(t) : 0;
    }

    /** Where an entry lies. */
    private interface Entry {

        long at(Bench bench, long table);
    }

    /** Addresses have 52 bits at most. */
    @Test
    void ofTheRootEntry() {
        Entry root = (bench, table) -> bench.rootEntry(Bench.DEVICE);
        assertThat(bits(bit -> reason(root, bit) == 0x0a)).isEqualTo("63:52, 11:1 / 63:0");
        assertThat(reason(root, 0)).as("P").isEqualTo(0x01);
        assertThat(reason(root, 40)).as("the table is elsewhere").isEqualTo(0x09);
    }

    @Test
    void ofTheContextEntry() {
        Entry context = (bench, table) -> bench.contextEntry(Bench.DEVICE);
        assertThat(bits(bit -> reason(context, bit) == 0x0b)).isEqualTo("63:52, 11:4 / 63:24, 7");
        assertThat(reason(context, 0)).as("P").isEqualTo(0x02);
        assertThat(reason(context, 2)).as("TT 1 without device TLBs").isEqualTo(0x03);
        assertThat(reason(context, 3)).as("TT 2 passes through").isZero();
    }

    /** Outside the address: SNP is reserved without snoop control, TM without device TLBs. */
    @ParameterizedTest(name = "level {0}")
    @ValueSource(ints = {1, 2, 3, 4})
    void ofSecondStageEntries(int level) {
        Entry entry = (bench, table) -> bench.entry(table, 4, IOVA, level);
        assertThat(bits(bit -> bit < 64 && (bit > 51 || bit > 1 && bit < 12 && bit != 7)
                && reason(entry, bit) == 0x0c)).isEqualTo("62, 11 / ");
        assertThat(bits(bit -> bit < 64 && (bit > 51 || bit > 1 && bit < 12 && bit != 7)
                && reason(entry, bit) != 0x0c && reason(entry, bit) != 0)).isEqualTo(" / ");
    }

    /** A page at level 4 is none; at 2 and 3 low bits of a large page's address are reserved. */
    @ParameterizedTest(name = "level {0}, bit {1}")
    @CsvSource({"2, 12, 0x0c", "2, 20, 0x0c", "2, 21, 0", "3, 12, 0x0c", "3, 21, 0x0c",
        "3, 29, 0x0c", "3, 30, 0", "4, 7, 0x0c"})
    void ofLargePages(int level, int bit, String reason) {
        long cap = Capability.SLLPS.with(Bench.CAP, 3);
        var bench = Bench.legacy(cap, Bench.ECAP, Map.of());
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        long at = bench.entry(table, 4, IOVA, level);
        bench.memory.write64(at, 0x83 | 1L << bit);
        long t = bench.read(IOVA);
        assertThat(Translation.isBlocked(t) ? Translation.reason(t) : 0)
                .isEqualTo(Integer.decode(reason));
    }

    // ---- interrupt entries ----------------------------------------------------------------------

    private static int interruptReason(long q0, boolean extended, int bit) {
        var bench = Bench.legacy(Capability.PI.with(Bench.CAP, 1),
                Bench.ECAP | ExtendedCapability.EIM.mask(), Map.of());
        long table = bench.page();
        bench.write(VtdRegisters.IRTA, table | (extended ? 1 << 11 : 0) | 7);
        bench.command(GlobalCommand.SIRTP.mask());
        bench.command(GlobalCommand.IRE.mask());
        bench.memory.write64(table, q0);
        flip(bench, table, bit);
        long outcome = bench.unit.interrupt(Bench.DEVICE, 0xfee0_0010L, 0);
        return Interrupt.isBlocked(outcome) ? Interrupt.reason(outcome) : 0;
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "remapped, xAPIC  | 0x410001 | false | 63:48, 39:24, 14:12 / 63:20",
        "remapped, x2APIC | 0x410001 | true  | 31:24, 14:12 / 63:20",
        "posted           | 0x418001 | false | 37:24, 13:12, 7:2 / 31:20",
        "posted, x2APIC   | 0x418001 | true  | 37:24, 13:12, 7:2 / 31:20"})
    void ofInterruptEntries(String what, String q0, boolean extended, String reserved) {
        long low = Long.decode(q0);
        assertThat(bits(bit -> bit != 15 && bit != 83
                && interruptReason(low, extended, bit) == 0x24)).as(what).isEqualTo(reserved);
        assertThat(interruptReason(low, extended, 0)).as("P").isEqualTo(0x22);
        assertThat(interruptReason(low, extended, 1)).as("FPD").isZero();
    }

    // ---- descriptors ----------------------------------------------------------------------------

    private static boolean isRefused(long q0, boolean qemu, int bit) {
        var bench = Bench.legacy(Bench.CAP, Bench.deviceTlbEcap(),
                Map.of("registersAsQemu", qemu ? 1L : 0L));
        long low = bit < 64 ? 1L << bit : 0;
        long high = bit < 64 ? 0 : 1L << bit;
        bench.submit(q0 ^ low, high);
        return VtdRegisters.IQE.isSet(bench.read(VtdRegisters.FSTS));
    }

    /**
     * Type and granularity are no flags; the address mask has a largest value. Of device-TLB
     * descriptors QEMU alone looks at them.
     */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "context-cache | 0x11 | false | 63:50, 15:6 / 63:0",
        "IOTLB, global | 0x12 | false | 63:32, 15:8 / 11:7",
        "device-TLB    | 0x3  | true  | 63:48, 31:21, 15:6 / 11:1",
        "wait          | 0x5  | false | 31:8 / 1:0"})
    void ofDescriptors(String what, String q0, boolean qemu, String reserved) {
        assertThat(bits(bit -> bit > 5 && (bit < 64 || bit > 69 || !what.startsWith("IOTLB"))
                && isRefused(Long.decode(q0), qemu, bit))).as(what).isEqualTo(reserved);
    }
}
