// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.api.bits.Register;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Command buffer and event log of every length: heads and tails go from the last entry to 0, not to
 * the offset behind it, which only QEMU 7.2 shows. Source: 48882, "Command Buffer Head Pointer
 * Register": "rolling over to zero at the end of the buffer".
 */
class RingLengthTest {

    private static final long RING = 0x200_0000;
    private static final long IOVA = 0x7000;

    /** Gives a unit another ring; what points into it then points at the last entry. */
    private static long ring(Fixture of, int length, Register base, Register head, Register tail) {
        of.control(0);
        of.write(base, RING | (long) length << 56);
        long last = AmdViRegisters.bufferBytes(of.read(base)) - Command.BYTES;
        of.write(head, last);
        of.write(tail, last);
        of.control(Fixture.RUNNING);
        return last;
    }

    private static long headAfterTheLastCommand(Fixture of, int length) {
        long last = ring(of, length, AmdViRegisters.CMD_BUF, AmdViRegisters.CMD_HEAD,
                AmdViRegisters.CMD_TAIL);
        of.memory.write64(RING + last, Fixture.opcode(Command.COMPLETION_WAIT, of.store | 1));
        of.memory.write64(RING + last + 8, 7);
        of.write(AmdViRegisters.CMD_TAIL, 0);
        assertThat(of.memory.read64(of.store)).isEqualTo(7);
        return of.read(AmdViRegisters.CMD_HEAD);
    }

    @ParameterizedTest(name = "2^{0} commands")
    @ValueSource(ints = {8, 9, 12, 15})
    void theCommandHeadRollsOverAtTheLengthOfTheBuffer(int length) {
        assertThat(headAfterTheLastCommand(Fixture.on(), length)).isZero();
    }

    @ParameterizedTest(name = "2^{0} commands")
    @ValueSource(ints = {8, 9, 12, 15})
    void underQemuTheCommandHeadShowsTheEndFirst(int length) {
        assertThat(headAfterTheLastCommand(Fixture.on(Map.of("asQemu", 1L)), length))
                .isEqualTo(16L << length);
    }

    @ParameterizedTest(name = "2^{0} events")
    @ValueSource(ints = {8, 9, 12, 15})
    void theEventTailRollsOverAtTheLengthOfTheLog(int length) {
        var fixture = Fixture.on();
        fixture.domain(Fixture.DEVICE, 5, 3);
        long last = ring(fixture, length, AmdViRegisters.EVENT_LOG, AmdViRegisters.EVENT_HEAD,
                AmdViRegisters.EVENT_TAIL);
        fixture.read(IOVA);
        assertThat(fixture.memory.read64(RING + last + 8)).isEqualTo(IOVA);
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).isZero();
    }

    /** Software that has read the last event and does not roll over means the first. */
    @ParameterizedTest(name = "2^{0} events")
    @ValueSource(ints = {8, 9, 12})
    void anEventHeadBehindTheLogIsThatOfItsFirstEvent(int length) {
        var fixture = Fixture.on();
        fixture.domain(Fixture.DEVICE, 5, 3);
        ring(fixture, length, AmdViRegisters.EVENT_LOG, AmdViRegisters.EVENT_HEAD,
                AmdViRegisters.EVENT_TAIL);
        fixture.write(AmdViRegisters.EVENT_HEAD, 16L << length);
        fixture.read(IOVA);
        assertThat(fixture.logged).as("the log is full").containsExactly(false);
    }
}
