// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.sim.EventQueue;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;
import kdump.lab.engine.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When interrupts that nobody waits for become a storm. */
class SpuriousInterruptsTest {

    private static final long WINDOW = 100_000_000;

    private final EventQueue queue = new EventQueue();
    private final Trace trace = new Trace();

    @BeforeEach
    void begin() {
        trace.begin(Trace.Level.KEEP, queue);
        queue.advance(12_345);
    }

    private SpuriousInterrupts costing(long nanos) {
        return new SpuriousInterrupts(queue, trace, nanos);
    }

    private static void take(SpuriousInterrupts interrupts, long count) {
        for (long i = 0; i < count; i++) {
            interrupts.taken(0x100, 0x31);
        }
    }

    @ParameterizedTest
    @CsvSource({"100000000, 1", "50000000, 2", "99999999, 1", "33333333, 3", "33333334, 2",
        "2000, 50000"})
    void theLastThatFitsIntoTheWindowIsNoStorm(long cost, long most) {
        SpuriousInterrupts interrupts = costing(cost);
        queue.advance(WINDOW - 1);
        take(interrupts, most);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> interrupts.taken(0x100, 0x31))
                .withMessage("interrupt storm: " + (most + 1) + " interrupts in 99 ms take all of"
                        + " the processor's time");
    }

    @Test
    void aWindowThatIsOverIsForgotten() {
        SpuriousInterrupts interrupts = costing(10_000_000);
        for (int window = 0; window < 5; window++) {
            take(interrupts, 10);
            queue.advance(WINDOW);
        }
        take(interrupts, 10);
        queue.advance(WINDOW - 1);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> take(interrupts, 1));
    }

    @Test
    void aNewWindowBeginsWithTheFirstAfterTheOld() {
        SpuriousInterrupts interrupts = costing(10_000_000);
        take(interrupts, 10);
        queue.advance(WINDOW + WINDOW / 2);
        take(interrupts, 5);
        queue.advance(WINDOW - 1);
        take(interrupts, 5);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> take(interrupts, 1));
        queue.advance(1);
        take(interrupts, 10);
    }

    @Test
    void eachIsOnRecordEvenTheOneTooMany() {
        SpuriousInterrupts interrupts = costing(WINDOW);
        take(interrupts, 1);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> interrupts.taken(0x208, 0x44));
        assertThat(Stage.events(trace)).extracting(Event::kind)
                .containsExactly(EventKind.INTERRUPT, EventKind.INTERRUPT);
        assertThat(trace.event(2).actor()).isEqualTo(0x208);
        assertThat(trace.event(2).a()).isEqualTo(0x44);
        assertThat(trace.event(2).b()).as("not set up").isZero();
    }

    @Test
    void thoseThatCostNothingAreNoStorm() {
        SpuriousInterrupts interrupts = costing(0);
        take(interrupts, 100_000);
        assertThat(trace.size()).isEqualTo(100_001);
    }
}
