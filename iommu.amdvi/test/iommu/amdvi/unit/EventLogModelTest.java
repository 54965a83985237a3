// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.Event;
import iommu.amdvi.Status;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayDeque;
import java.util.Map;

/**
 * Random faults, reads and restarts beside a plain queue: which events are in the log, when it
 * overflows, and when the interrupt comes.
 */
class EventLogModelTest {

    private static final long OVERFLOW = Status.EVENT_OVERFLOW.mask();
    private static final long PENDING = Status.EVENT_LOG_INT.mask();

    private final Fixture fixture = Fixture.off(Map.of());
    private final ArrayDeque<Long> expected = new ArrayDeque<>();
    private RandomStream random;
    private long entries;
    private long tail;
    private boolean runs = true;
    private boolean overflow;
    private boolean pending;
    private int interrupts;

    private void use(int lengthCode) {
        entries = 1L << lengthCode;
        fixture.write(AmdViRegisters.EVENT_LOG, fixture.log | (long) lengthCode << 56);
        fixture.control(Fixture.RUNNING);
    }

    private void raise(boolean wasSet) {
        interrupts += wasSet ? 0 : 1;
    }

    private void fault() {
        long address = (1L + random.nextInt(0xffff)) << 12;
        boolean write = random.oneIn(2);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE) + 8, Fixture.DOMAIN);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(3, fixture.store, 3));
        fixture.translate(address, write ? Access.WRITE : Access.READ);
        if (!runs) {
            return;
        }
        if (expected.size() == entries - 1) {
            raise(overflow);
            overflow = true;
            runs = false;
            return;
        }
        expected.add(address | (write ? 1 : 0));
        tail = (tail + 1) % entries;
        raise(pending);
        pending = true;
    }

    private void take() {
        int count = random.nextInt(expected.size() + 1);
        long head = fixture.read(AmdViRegisters.EVENT_HEAD) / Event.BYTES;
        for (int i = 0; i < count; i++) {
            long event = expected.remove();
            int at = (int) ((head + i) % entries);
            assertThat(fixture.eventHigh(at)).isEqualTo(event & ~1);
            assertThat(Event.CODE.of(fixture.eventLow(at))).isEqualTo(2);
            assertThat(Event.DEVICE_ID.of(fixture.eventLow(at))).isEqualTo(Fixture.DEVICE);
            assertThat(Event.DOMAIN_ID.of(fixture.eventLow(at))).isEqualTo(Fixture.DOMAIN);
            assertThat((Event.FLAGS.of(fixture.eventLow(at)) & Event.WRITE) != 0)
                    .isEqualTo((event & 1) != 0);
        }
        fixture.write(AmdViRegisters.EVENT_HEAD, (head + count) % entries * Event.BYTES);
    }

    private void clearStatus() {
        long bits = random.oneIn(2) ? PENDING : OVERFLOW | PENDING;
        fixture.write(AmdViRegisters.STATUS, bits);
        pending = false;
        overflow &= (bits & OVERFLOW) == 0;
    }

    /** Software may switch the log on again before it has read what is in it. */
    private void restart() {
        fixture.control(Fixture.RUNNING & ~Control.EVENT_LOG_EN.mask());
        fixture.control(Fixture.RUNNING);
        runs = true;
    }

    private void check() {
        long status = fixture.read(AmdViRegisters.STATUS);
        assertThat(Status.EVENT_LOG_RUN.isSet(status)).as("EventLogRun").isEqualTo(runs);
        assertThat((status & OVERFLOW) != 0).as("EventOverflow").isEqualTo(overflow);
        assertThat((status & PENDING) != 0).as("EventLogInt").isEqualTo(pending);
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(tail * Event.BYTES);
        assertThat(fixture.interrupts).isEqualTo(interrupts);
    }

    @Seeds(count = 16)
    void eventsAreThereOnceAndInOrderUntilTheLogOverflows(long seed) {
        random = new RandomStream(seed, "amdvi log");
        use(8);
        for (int i = 0; i < 3000; i++) {
            int what = random.nextInt(400);
            if (what == 0) {
                restart();
            } else if (what < 4) {
                take();
            } else if (what < 8) {
                clearStatus();
            } else {
                fault();
            }
            if (i % 16 == 0) {
                check();
            }
        }
        check();
        assertThat(interrupts).isPositive();
    }
}
