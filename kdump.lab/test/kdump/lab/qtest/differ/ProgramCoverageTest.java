// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import kdump.lab.qtest.options.Numbers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the programs draw, seen from what they write to memory: each bit that a unit looks at. */
class ProgramCoverageTest {

    private static final int SEEDS = 1500;
    private static final String SCALABLE = "intel-iommu,scalable-mode=on,fsts=on";
    private static final String LEGACY = "intel-iommu,intremap=off";
    private static final int TABLE_BYTES = 0x1000;
    /** Bits of addresses that lead to memory. */
    private static final long ADDRESSES = 0x7f_ffff_f000L;

    private static Stream<String[]> lines(List<Program> programs) {
        return programs.stream().flatMap(p -> p.steps().stream())
                .flatMap(s -> s.lines().stream()).filter(l -> l.startsWith("writeq "))
                .map(l -> l.split(" "));
    }

    /** Returns what all values have together that are written to a table, word by word. */
    private static long[] drawn(List<Program> programs, long table, int words) {
        long[] drawn = new long[words];
        lines(programs).forEach(p -> {
            long at = Numbers.unsigned(p[1]) - table;
            if (at >= 0 && at < TABLE_BYTES) {
                drawn[(int) (at / Long.BYTES % words)] |= Numbers.unsigned(p[2]);
            }
        });
        return drawn;
    }

    private static List<Program> of(String unit) {
        return LongStream.rangeClosed(1, SEEDS)
                .mapToObj(seed -> VtdProgramMaker.of(seed, Oracle.QEMU_11, unit)).toList();
    }

    /** Of the page table's address only what is beyond memory, of the domain a few. */
    @ParameterizedTest
    @EnumSource(names = {"QEMU_7_2", "QEMU_11"})
    void everyBitOfADeviceTableEntryIsDrawn(Oracle oracle) {
        boolean newest = oracle == Oracle.QEMU_11;
        long from = newest ? AmdWorld.WIDE_DEVICES : AmdWorld.DEVICES;
        long[] drawn = drawn(LongStream.rangeClosed(1, SEEDS)
                .mapToObj(seed -> AmdProgramMaker.of(seed, oracle)).toList(), from, 4);
        assertThat(drawn[0] | 0xf_ffff_ffff_f000L).isEqualTo(-1);
        assertThat(drawn[1] | 0xffffL).isEqualTo(-1);
        assertThat(drawn[2]).isEqualTo(-1);
        assertThat(drawn[3]).isEqualTo(-1);
    }

    /** Bits that no entry has in use, of contexts and of PASID entries. */
    @Test
    void everyFieldOfVtdEntriesIsDrawn() {
        long[] legacy = drawn(of(LEGACY), VtdWorld.CONTEXT, 2);
        assertThat(legacy[0] | ADDRESSES).isEqualTo(-1);
        assertThat(legacy[1] & 0x7f).as("AW and what is ignored").isEqualTo(0x7f);
        List<Program> programs = of(SCALABLE);
        long[] scalable = drawn(programs, VtdWorld.CONTEXT, 4);
        assertThat(scalable[0] | ADDRESSES).isEqualTo(-1);
        assertThat(scalable[1] & 0x1f_ffff).as("RID_PASID and RID_PRIV").isEqualTo(0x1f_ffff);
        assertThat(drawn(programs, VtdWorld.PASIDS, 8)[0] | ADDRESSES).isEqualTo(-1);
    }

    @Test
    void everyTypeOfDescriptorIsDrawnAndItsBits() {
        List<Program> programs = of(SCALABLE);
        var types = new BitSet();
        lines(programs).filter(p -> p[1].startsWith("0x11") && p[1].endsWith("0"))
                .forEach(p -> types.set((int) Numbers.unsigned(p[2]) & 0xf));
        assertThat(types).hasToString("{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}");
        long[] drawn = drawn(programs, VtdWorld.QUEUE, 4);
        assertThat(drawn[0]).isEqualTo(-1);
        // in so few programs most of the others
        assertThat(List.of(drawn[1], drawn[2], drawn[3])).allMatch(d -> Long.bitCount(d) > 32);
    }
}
