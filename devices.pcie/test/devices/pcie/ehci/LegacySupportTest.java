// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.LEGSUP;
import static devices.pcie.ehci.EhciMachine.MILLI;
import static devices.pcie.ehci.EhciMachine.STS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Semaphores and enables bit by bit, and firmware that answers to them in its time. */
class LegacySupportTest {

    private static final int CONTROL = LEGSUP + 4;
    private static final int BIOS_OWNED = 1 << 16;
    private static final int OS_OWNED = 1 << 24;
    private static final int ON_OWNERSHIP = 1 << 13;
    private static final int ENABLES = 0x3f | 7 << 13;
    private static final long HAND_OFF = MILLI;

    private static EhciMachine used(long handOffNanos) {
        return new EhciMachine(new HashMap<>(Map.of("legacyUse", 1L, "reservedStart", 0x8_0000L,
                "reservedBytes", 0x2000L, "reportNanos", MILLI, "handOffNanos", handOffNanos)));
    }

    /** Two words and the instant at which firmware lets go; never: the last there is. */
    private static final class Model {

        private int semaphores = BIOS_OWNED | 1;
        private int control = ON_OWNERSHIP;
        private boolean asked;
        private long due = Long.MAX_VALUE;

        void write(long now, int at, int value, int mask) {
            if (at == 0) {
                int takes = mask & (BIOS_OWNED | OS_OWNED);
                semaphores = semaphores & ~takes | value & takes;
            } else {
                control = control & ~(mask & ENABLES) | value & mask & ENABLES;
            }
            int both = BIOS_OWNED | OS_OWNED;
            boolean asks = (semaphores & both) == both;
            if (asks && !asked && (control & ON_OWNERSHIP) != 0) {
                due = now + HAND_OFF;
            }
            asked = asks;
        }

        void passed(long now) {
            if (now >= due) {
                due = Long.MAX_VALUE;
                semaphores &= ~BIOS_OWNED;
                asked = false;
            }
        }
    }

    /** Random writes of any width, and time; what is asked again in time is counted anew. */
    @Seeds(count = 20)
    void semaphoresChangeHandsInTheirTime(long seed) {
        var random = new RandomStream(seed, "semaphores");
        var m = new EhciMachine(Map.of("handOffNanos", HAND_OFF));
        var model = new Model();
        for (int i = 0; i < 500; i++) {
            if (random.oneIn(3)) {
                m.queue.advance(random.nextInt((int) HAND_OFF));
                model.passed(m.queue.nanos());
            } else {
                int register = 4 * random.nextInt(2);
                int bytes = 1 << random.nextInt(3);
                int at = random.nextInt(4 / bytes) * bytes;
                int value = (int) random.nextLong();
                m.function.writeConfig(LEGSUP + register + at, bytes, value);
                model.write(m.queue.nanos(), register, value << 8 * at,
                        (int) ((1L << 8 * bytes) - 1) << 8 * at);
            }
            assertThat(m.function.readConfig(LEGSUP, 4)).as("step %d", i)
                    .isEqualTo(model.semaphores);
            assertThat(m.function.readConfig(CONTROL, 4)).as("step %d", i)
                    .isEqualTo(model.control);
        }
    }

    /** Of those upon which SMIs come, only that of completed transfers keeps firmware going. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 13, 14, 15})
    void firmwareHearsOfItsReportsByOneBit(int bit) {
        var m = used(HAND_OFF);
        m.function.writeConfig(CONTROL, 4, ENABLES & ~(1 << bit));
        m.queue.advance(100 * MILLI);
        boolean goesOn = bit != 0;
        assertThat((m.memory.read32(0x8_1048) & 0x80) != 0).as("made ready again")
                .isEqualTo(goesOn);
        assertThat(m.read(STS) & 1).as("and taken back").isEqualTo(goesOn ? 0 : 1);
    }

    /** It halts what it has going on, whatever that is, and is not heard of again. */
    @ParameterizedTest
    @ValueSource(longs = {1, 1_000_000, 999_000_000})
    void whatFirmwareGivesUpStandsStill(long handOffNanos) {
        var m = used(handOffNanos);
        m.queue.advance(10 * MILLI);
        m.function.writeConfig(LEGSUP + 3, 1, 1);
        m.queue.advance(handOffNanos - 1);
        assertThat(m.read(STS) & 0x1000).isZero();
        m.queue.advance(1);
        assertThat(m.function.readConfig(LEGSUP, 4)).isEqualTo(OS_OWNED | 1);
        assertThat(m.read(STS) & 0x1000).as("halted").isEqualTo(0x1000);
        assertThat(m.during(1000 * MILLI)).isEmpty();
    }

    @Test
    void firmwareThatIsNeverReadyKeepsIt() {
        var m = used(-1);
        m.function.writeConfig(LEGSUP + 3, 1, 1);
        assertThat(m.during(2000 * MILLI)).isNotEmpty();
        assertThat(m.function.readConfig(LEGSUP, 4)).isEqualTo(OS_OWNED | BIOS_OWNED | 1);
        assertThat(m.read(STS) & 0x1000).isZero();
    }

    /** Config space is not the controller's own: a reset of it gives nothing back to firmware. */
    @Test
    void aResetOfTheControllerKeepsTheSemaphores() {
        var m = used(HAND_OFF);
        m.function.writeConfig(LEGSUP + 3, 1, 1);
        m.queue.advance(2 * HAND_OFF);
        m.write(EhciMachine.CMD, 2);
        m.queue.advance(MILLI);
        assertThat(m.function.readConfig(LEGSUP, 4)).isEqualTo(OS_OWNED | 1);
        assertThat(m.function.readConfig(CONTROL, 4)).isEqualTo(ON_OWNERSHIP | 1);
    }
}
