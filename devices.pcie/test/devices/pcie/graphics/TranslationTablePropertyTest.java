// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.api.pcie.DeviceContext;
import iommu.testkit.seeds.Seeds;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table beside a map of what was written to it, and the memory that it lies in. */
class TranslationTablePropertyTest {

    private static final int PAGE = 4096;
    private static final long START = 0x7b80_0000L;
    private static final long ADDRESS = 0x7f_ffff_f000L;

    private static StolenMemory stolen(long bytes) {
        return StolenMemory.of((name, otherwise) ->
                name.equals(DeviceContext.RESERVED_BYTES) ? bytes
                        : name.equals(DeviceContext.RESERVED_START) ? START : otherwise);
    }

    /** An entry is what was written last, else firmware's: valid for the pages behind the table. */
    @Seeds(count = 8)
    void anEntryIsWhatWasWrittenLast(long seed) {
        var random = new Random(seed);
        long tableBytes = 0x1_0000L << random.nextInt(6);
        StolenMemory stolen = stolen(tableBytes + (tableBytes << random.nextInt(1, 6)));
        assertThat(stolen.tableBytes()).isEqualTo(tableBytes);
        var table = new TranslationTable(stolen);
        Map<Long, Long> written = new HashMap<>();
        int entries = (int) stolen.entries();
        for (int i = 0; i < 500; i++) {
            long index = random.nextBoolean() ? random.nextInt(entries)
                    : random.nextInt(2) * (entries - 600) + random.nextInt(600);
            if (random.nextBoolean()) {
                long value = random.nextLong();
                table.write(index, value);
                written.put(index, value);
            }
            long expected = written.getOrDefault(index, index < stolen.pages()
                    ? START + tableBytes + index * PAGE | 1 : 0);
            assertThat(table.entry(index)).isEqualTo(expected);
            long offset = random.nextInt(PAGE);
            assertThat(table.translate(index * PAGE + offset)).isEqualTo((expected & 1) == 0
                    ? TranslationTable.NONE : expected & ADDRESS | offset);
        }
    }

    /** Graphics addresses are 32 bits, and a copy may go on beyond the last: nothing is there. */
    @ParameterizedTest
    @CsvSource({"0x110000, 0x2000000", "0x900000, 0x20000000", "0x4800000, 0x100000000"})
    void behindTheLastEntryNothingIsMapped(String bytes, String beyond) {
        StolenMemory stolen = stolen(Long.decode(bytes));
        var table = new TranslationTable(stolen);
        long end = Long.decode(beyond);
        assertThat(stolen.entries() * PAGE).isEqualTo(end);
        table.write(stolen.entries() - 1, 0x1234_5001L);
        assertThat(table.translate(end - 1)).isEqualTo(0x1234_5fffL);
        assertThat(table.translate(end)).isEqualTo(TranslationTable.NONE);
        assertThat(table.translate(0xffff_ffffL + PAGE)).isEqualTo(TranslationTable.NONE);
    }

    /**
     * However much firmware has stolen: the table has a power of two of it, surfaces lie behind it
     * and end where the memory does, and graphics addresses are left for pages of a driver.
     */
    @Seeds(count = 20)
    void surfacesLieInWhatIsStolen(long seed) {
        var random = new Random(seed);
        long bytes = (random.nextLong() & 0x3fff_ffffL) & -1L << random.nextInt(8, 28);
        StolenMemory stolen = stolen(bytes);
        assertThat(Long.bitCount(stolen.tableBytes())).isEqualTo(1);
        assertThat(stolen.tableBytes()).isBetween(0x1_0000L, 0x80_0000L);
        if (stolen.pages() == 0) {
            assertThat(Long.bitCount(bytes) < 2 || Long.lowestOneBit(bytes) < 0x1_0000).isTrue();
            return;
        }
        assertThat(stolen.surfaces()).isEqualTo(START + stolen.tableBytes());
        assertThat(stolen.surfaces() + stolen.pages() * PAGE).isLessThanOrEqualTo(START + bytes);
        assertThat(stolen.pages()).isLessThan(stolen.entries());
        assertThat(bytes % stolen.tableBytes()).isZero();
    }

    // ---- through the function -------------------------------------------------------------------

    private final GraphicsMachine machine = new GraphicsMachine(false);

    @Test
    void halvesOfAnEntryAreReadAndWholeOnesWritten() {
        long at = GraphicsLayout.TABLE_AT + 0x1234 * 8L;
        machine.entry(0x1234, 0x12_3456_7001L);
        assertThat(machine.function.readRegister(0, at, 4)).isEqualTo(0x3456_7001L);
        assertThat(machine.function.readRegister(0, at + 4, 4)).isEqualTo(0x12);
        machine.function.writeRegister(0, at, 4, 0);
        assertThat(machine.entry(0x1234)).as("a half is not written")
                .isEqualTo(0x12_3456_7001L);
    }

    /** The table has 1 MiB of the 8 that BAR 0 keeps for it. */
    @ParameterizedTest
    @CsvSource({"0x8ffff8, true", "0x900000, false", "0xfffff8, false"})
    void behindTheTableThereAreZeros(String offset, boolean entry) {
        long at = Long.decode(offset);
        machine.function.writeRegister(0, at, 8, -1);
        assertThat(machine.function.readRegister(0, at, 8)).isEqualTo(entry ? -1 : 0);
    }

    /** Of BAR 0 but a few registers are here; others read zeros, and take nothing. */
    @ParameterizedTest
    @CsvSource({"0", "0x2358", "0x9000", "0x22000", "0x45000", "0x71008", "0x7ffff8"})
    void whereThereIsNoRegisterThereAreZeros(String offset) {
        machine.function.writeRegister(0, Long.decode(offset), 4, 0xffff_ffffL);
        assertThat(machine.function.readRegister(0, Long.decode(offset), 4)).isZero();
    }

    /** Rows: where BAR 0 has a register, what it keeps of ones. */
    @ParameterizedTest
    @CsvSource({"0x22030, 0x1ffff8", "0x22034, 0x1ffffc", "0x22038, 0xfffff000",
        "0x2203c, 0x1ff001", "0x6001c, 0xfff0fff", "0x70188, 0xffc0", "0x7019c, 0xfffff000",
        "0x70180, 0x80000000", "0x70008, 0xc0000000", "0x70024, 0", "0x941c, 0"})
    void aRegisterKeepsItsBits(String offset, String kept) {
        machine.function.writeConfig(4, 2, 2);
        machine.function.writeRegister(0, Long.decode(offset), 4, 0xffff_ffffL);
        assertThat(machine.function.readRegister(0, Long.decode(offset), 4))
                .isEqualTo(Long.decode(kept));
    }

    @Test
    void aTranslationAllocatesNothing() {
        var table = new TranslationTable(stolen(0x90_0000));
        table.write(0x1000, 0x1234_5001L);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = translations(table);
        long before = threads.getCurrentThreadAllocatedBytes();
        sum += translations(table);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);
        assertThat(sum).isEqualTo(2 * 10_000L * 0x1234_5004L);
    }

    private static long translations(TranslationTable table) {
        long sum = 0;
        for (int i = 0; i < 10_000; i++) {
            sum += table.translate(0x1000L * PAGE + 4);
        }
        return sum;
    }
}
