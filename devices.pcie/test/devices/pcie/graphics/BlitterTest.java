// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.RING_CTL;
import static devices.pcie.graphics.GraphicsLayout.RING_HEAD;
import static devices.pcie.graphics.GraphicsLayout.RING_TAIL;
import static devices.pcie.graphics.GraphicsMachine.PAGE;
import static devices.pcie.graphics.GraphicsMachine.RING;
import static devices.pcie.graphics.GraphicsMachine.RING_GRAPHICS;
import static devices.pcie.graphics.GraphicsMachine.SURFACES;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.testkit.Request;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that a ring holds, one by one. */
class BlitterTest {

    private static final long MARK = 0x1122_3344_5566_7788L;
    private static final AddressRange NO_RING = new AddressRange(RING, RING + PAGE);

    private final GraphicsMachine machine = new GraphicsMachine(false);

    /** Runs a program in a ring of one page from its begin; returns the requests. */
    private List<Request> run(long[]... commands) {
        machine.ring(1);
        long end = 0;
        for (long[] command : commands) {
            end = machine.put(end, PAGE, command);
        }
        if (end % 8 != 0) { // as tails are of quadwords
            end = machine.put(end, PAGE, 0);
        }
        machine.root.clear();
        machine.go(end);
        return List.copyOf(machine.root.requests());
    }

    private void fill(long physical, int bytes, long first) {
        for (int i = 0; i < bytes; i += 8) {
            machine.memory.write64(physical + i, first + i);
        }
    }

    // ---- flush ----------------------------------------------------------------------------------

    @Test
    void aFlushWritesItsQuadwordWhereTheTableLeads() {
        List<Request> requests = run(GraphicsMachine.flush(5 * PAGE + 0x40, MARK));
        assertThat(requests).extracting(Request::brief)
                .containsExactly("read 400000 64", "write 1105040 8", "read 400000 64");
        assertThat(machine.memory.read64(SURFACES + 5 * PAGE + 0x40)).isEqualTo(MARK);
        assertThat(machine.isDone()).isTrue();
    }

    /** Bits 2:0 of the address are no part of it. */
    @Test
    void aFlushIsAlignedToItsQuadword() {
        run(GraphicsMachine.flush(5 * PAGE + 0x47, MARK));
        assertThat(machine.memory.read64(SURFACES + 5 * PAGE + 0x40)).isEqualTo(MARK);
        assertThat(machine.memory.read64(SURFACES + 5 * PAGE + 0x48)).isZero();
    }

    /** Post-sync operation 0 is none; only 1 writes what the command carries. */
    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 0", "3, 0"})
    void onlyTheFirstPostSyncOperationWrites(int operation, int written) {
        long[] flush = GraphicsMachine.flush(0, 1);
        flush[0] = flush[0] & ~(3L << 14) | (long) operation << 14;
        run(flush);
        assertThat(machine.memory.read64(SURFACES)).isEqualTo(written);
        assertThat(machine.isDone()).as("it is a known command").isTrue();
    }

    @Test
    void aFlushToAPageThatIsNotMappedIsDoneAndWritesNothing() {
        assertThat(run(GraphicsMachine.flush(0x2000L * PAGE, MARK)))
                .noneMatch(r -> r.kind() == Request.Kind.WRITE);
        assertThat(machine.isDone()).isTrue();
    }

    // ---- copies ---------------------------------------------------------------------------------

    @Test
    void aCopyIsReadAndWrittenByPayloadsOf256Bytes() {
        fill(SURFACES + 0x80, 512, MARK);
        assertThat(run(GraphicsMachine.copy(0x80, 3 * PAGE, 512))).extracting(Request::brief)
                .containsExactly("read 400000 64", "read 1100080 128", "read 1100100 256",
                        "read 1100200 128", "write 1103000 256", "write 1103100 256");
        for (int i = 0; i < 512; i += 8) {
            assertThat(machine.memory.read64(SURFACES + 3 * PAGE + i)).isEqualTo(MARK + i);
        }
        assertThat(machine.memory.read64(SURFACES + 3 * PAGE + 512)).isZero();
    }

    /** Neighbours by graphics address are none in memory. */
    @Test
    void aCopyThatCrossesAPageGoesOnWhereTheTableLeads() {
        fill(SURFACES, 256, MARK);
        machine.entry(0x1800, 0x60_0000 | 1);
        machine.entry(0x1801, 0x50_0000 | 1);
        run(GraphicsMachine.copy(0, 0x1801L * PAGE - 128, 256));
        for (int i = 0; i < 128; i += 8) {
            assertThat(machine.memory.read64(0x60_0000 + PAGE - 128 + i)).isEqualTo(MARK + i);
            assertThat(machine.memory.read64(0x50_0000 + i)).isEqualTo(MARK + 128 + i);
        }
        assertThat(machine.memory.read64(0x60_1000)).as("behind in memory").isZero();
    }

    @Test
    void pixelsThatAreNotMappedAreZeros() {
        fill(SURFACES, 256, MARK);
        machine.entry(0x1800, 0x60_0000 | 1);
        fill(0x60_0000, PAGE, MARK);
        run(GraphicsMachine.copy(0x1801L * PAGE - 64, 0, 128));
        assertThat(machine.memory.read64(SURFACES + 56)).isEqualTo(MARK + PAGE - 8);
        for (int i = 64; i < 128; i += 8) {
            assertThat(machine.memory.read64(SURFACES + i)).isZero();
        }
        assertThat(machine.memory.read64(SURFACES + 128)).as("behind").isEqualTo(MARK + 128);
    }

    /** What comes back of a read that is refused, ones, is on no screen. */
    @Test
    void pixelsThatCannotBeReadAreZeros() {
        fill(SURFACES, 128, MARK);
        machine.entry(0x1800, 0x60_0000 | 1);
        machine.root.refuse(new AddressRange(0x60_0000, 0x60_1000));
        run(GraphicsMachine.copy(0x1800L * PAGE, 0, 64));
        for (int i = 0; i < 64; i += 8) {
            assertThat(machine.memory.read64(SURFACES + i)).isZero();
        }
        assertThat(machine.memory.read64(SURFACES + 64)).isEqualTo(MARK + 64);
        assertThat(machine.isDone()).isTrue();
    }

    @Test
    void aDestinationThatIsNotMappedTakesNothing() {
        assertThat(run(GraphicsMachine.copy(0, 0x2000L * PAGE, 64)))
                .noneMatch(r -> r.kind() == Request.Kind.WRITE);
        assertThat(machine.isDone()).isTrue();
    }

    /** Rows: X1, X2, bytes that move: none where it ends before it begins, a page at most. */
    @ParameterizedTest
    @CsvSource({"0, 1, 4", "0, 0, 0", "5, 5, 0", "9, 5, 0", "0, 65535, 4096", "0, 1024, 4096",
        "1000, 1016, 64"})
    void theWidthOfARectangleIsWhatMoves(int from, int to, int bytes) {
        long[] copy = GraphicsMachine.copy(0, 8 * PAGE, 4);
        copy[2] = from;
        copy[3] = to;
        int written = run(copy).stream().filter(r -> r.kind() == Request.Kind.WRITE)
                .mapToInt(Request::value).sum();
        assertThat(written).isEqualTo(bytes);
        assertThat(machine.isDone()).isTrue();
    }

    // ---- the ring -------------------------------------------------------------------------------

    /** MI_NOOPs of one line of 64 bytes are skipped together: 16 lines of a KiB, 16 fetches. */
    @Test
    void aLineOfNoopsIsFetchedOnce() {
        machine.ring(1);
        machine.root.clear();
        machine.go(1024);
        assertThat(machine.root.requests()).hasSize(16)
                .allMatch(r -> r.value() == 64 && r.kind() == Request.Kind.READ);
        assertThat(machine.isDone()).isTrue();
    }

    @Test
    void noopsEndAtTheTailWithinALine() {
        machine.ring(1);
        machine.go(8);
        assertThat(machine.read(RING_HEAD)).isEqualTo(8);
        machine.put(8, PAGE, GraphicsMachine.flush(0, MARK));
        machine.go(32);
        assertThat(machine.memory.read64(SURFACES)).as("behind the noops").isEqualTo(MARK);
    }

    /** Rows: pages of the ring, where the copy begins: it goes round the ring's end. */
    @ParameterizedTest
    @CsvSource({"1, 4064", "1, 4092", "2, 8160", "4, 16376", "3, 12280"})
    void aCommandGoesRoundTheEndOfTheRing(int pages, int begin) {
        machine.ring(pages);
        fill(SURFACES, 64, MARK);
        machine.write(RING_HEAD, begin);
        long end = machine.put(begin, (long) pages * PAGE,
                GraphicsMachine.copy(0, 2 * PAGE, 64));
        if (end % 8 != 0) {
            end = machine.put(end, (long) pages * PAGE, 0);
        }
        machine.go(end);
        assertThat(end).isLessThan(begin);
        assertThat(machine.read(RING_HEAD)).isEqualTo(end);
        assertThat(machine.memory.read64(SURFACES + 2 * PAGE)).isEqualTo(MARK);
    }

    @Test
    void itHangsOverALineOfTheRingThatItCannotRead() {
        machine.root.refuse(NO_RING);
        assertThat(run(GraphicsMachine.flush(0, MARK))).as("asked for once").hasSize(1);
        assertThat(machine.read(RING_HEAD)).isZero();
        machine.root.refuse(null);
        machine.go(32);
        assertThat(machine.memory.read64(SURFACES)).as("a tail wakes it no more").isZero();
        machine.write(GraphicsLayout.GDRST, 1);
        assertThat(machine.read(GraphicsLayout.GDRST)).as("done at once").isZero();
        run(GraphicsMachine.flush(0, MARK));
        assertThat(machine.memory.read64(SURFACES)).isEqualTo(MARK);
    }

    @Test
    void itHangsOverARingThatIsNotMapped() {
        machine.ring(1);
        machine.entry(RING_GRAPHICS / PAGE, RING);
        machine.root.clear();
        machine.go(64);
        assertThat(machine.root.requests()).isEmpty();
        assertThat(machine.read(RING_HEAD)).isZero();
    }

    /** What no line holds is not done: the second half of a command lies on a page that is gone. */
    @Test
    void itHangsOverACommandWhoseEndItCannotRead() {
        machine.ring(2);
        machine.entry(RING_GRAPHICS / PAGE + 1, 0);
        machine.write(RING_HEAD, PAGE - 8);
        machine.put(PAGE - 8, 2 * PAGE, GraphicsMachine.flush(0, MARK));
        machine.go(PAGE + 16);
        assertThat(machine.read(RING_HEAD)).isEqualTo(PAGE - 8);
        assertThat(machine.memory.read64(SURFACES)).isZero();
    }

    /** Commands of a known instruction, but of a length that it does not have. */
    @ParameterizedTest
    @ValueSource(longs = {0x1300_4004L, 0x54c0_0009L, 0x54c0_0000L, 0x0a80_0000L,
        0x7a00_0004L, 0xffff_ffffL})
    void itHangsOverWhatItDoesNotKnow(long command) {
        run(new long[] {command, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
        assertThat(machine.read(RING_HEAD)).isZero();
        assertThat(machine.clock.nanos()).isPositive();
    }

    @Test
    void aRingThatIsDisabledOrWhoseFunctionIsNoMasterWaits() {
        machine.ring(1);
        machine.put(0, PAGE, GraphicsMachine.flush(0, MARK));
        machine.write(RING_CTL, 0);
        machine.go(24);
        assertThat(machine.memory.read64(SURFACES)).isZero();
        machine.function.writeConfig(4, 2, 2);
        machine.write(RING_CTL, 1);
        machine.clock.advance(GraphicsMachine.MILLI);
        assertThat(machine.memory.read64(SURFACES)).isZero();
        machine.function.writeConfig(4, 2, 6);
        machine.clock.advance(GraphicsMachine.MILLI);
        assertThat(machine.memory.read64(SURFACES)).isEqualTo(MARK);
    }

    /** What was begun when the function was reset is not gone on with. */
    @Test
    void aResetEndsWhatIsPosted() {
        machine.ring(1);
        machine.put(0, PAGE, GraphicsMachine.flush(0, MARK));
        machine.write(RING_TAIL, 24);
        machine.device.reset();
        assertThat(machine.during(GraphicsMachine.MILLI)).isEmpty();
        assertThat(machine.read(RING_CTL)).isZero();
        assertThat(machine.read(RING_TAIL)).isZero();
        assertThat(machine.entry(RING_GRAPHICS / PAGE)).as("memory keeps the table")
                .isEqualTo(RING | 1);
    }

    /** At 4 GB/s and a microsecond a command, a page takes 2 us, an empty line 1 us. */
    @Test
    void aCommandTakesTheTimeOfItsBytes() {
        machine.ring(1);
        long end = machine.put(0, PAGE, GraphicsMachine.copy(0, PAGE, 4096));
        end = machine.put(end, PAGE, GraphicsMachine.flush(2 * PAGE, MARK));
        machine.write(RING_TAIL, machine.put(end, PAGE, 0));
        machine.clock.advance(2_999);
        assertThat(machine.memory.read64(SURFACES + 2 * PAGE)).isZero();
        machine.clock.advance(1);
        assertThat(machine.memory.read64(SURFACES + 2 * PAGE)).isEqualTo(MARK);
    }
}
