// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.sim.EventQueue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.engine.run.BrokenException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is left behind, what is waited for, and what an interruption ends. */
class CallWatchTest {

    private static final long MILLI = 1_000_000;
    private static final long PATIENCE = 200 * MILLI;

    private final WorkProgress progress = new WorkProgress();
    private final CallWatch watch = new CallWatch(PATIENCE, CallWatchTest::owner, progress);

    /** Of the code that sleeps here a stranger is the owner. */
    private static String owner(StackTraceElement[] stack) {
        return Stream.of(stack).anyMatch(frame -> frame.getMethodName().equals("stranger"))
                ? "bundle a.stranger 1.0.0, the importer" : null;
    }

    private static void sleep(long millis) {
        long end = System.nanoTime() + millis * MILLI;
        while (System.nanoTime() < end && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(MILLI);
        }
    }

    private static String stranger(long millis) {
        sleep(millis);
        return "done";
    }

    @Test
    void whatComesBackComesBackAtOnceOnAThreadOfItsOwn() throws Throwable {
        long start = System.nanoTime();
        assertThat(watch.<Thread>done(Thread::currentThread))
                .isNotSameAs(Thread.currentThread());
        assertThat(System.nanoTime() - start).isLessThan(PATIENCE * 100);
        assertThat(watch.<Object>done(() -> null)).isNull();
    }

    @Test
    void whatIsThrownIsThrownOnAsItIs() {
        Stream.of(new IllegalStateException("no"), new IOException("no"), new Error("no"),
                new TimeoutException("its own"), new CancellationException("its own"))
                .forEach(thrown -> assertThatThrownBy(() -> watch.done(() -> {
                    throw CallWatch.unchecked(thrown);
                })).isSameAs(thrown));
    }

    @Test
    void aStrangerThatDoesNotComeBackIsNamedLeftBehindAndInterrupted() throws Exception {
        var interrupted = new CountDownLatch(1);
        assertThatThrownBy(() -> watch.done(() -> {
            stranger(60_000);
            interrupted.countDown();
            return null;
        })).isInstanceOf(BrokenException.class).hasMessage("bundle a.stranger 1.0.0, the importer,"
                + " does not come back: nothing happened for 0 s");
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void ourOwnCodeMayTakeItsTime() throws Throwable {
        assertThat(watch.<String>done(() -> {
            sleep(600);
            return "done";
        })).isEqualTo("done");
    }

    @Test
    void aStrangerWhoseAnswersComeIsWaitedFor() throws Throwable {
        assertThat(watch.<String>done(() -> {
            for (int i = 0; i < 12; i++) {
                stranger(50);
                progress.answered();
            }
            return "all";
        })).isEqualTo("all");
    }

    @Test
    void aMachineThatGetsOnIsWaitedFor() throws Throwable {
        var clock = new EventQueue();
        progress.began(clock);
        assertThat(watch.<String>done(() -> {
            for (int i = 0; i < 12; i++) {
                stranger(50);
                clock.advance(1);
            }
            return "booted";
        })).isEqualTo("booted");
    }

    @Test
    void whoReadsMuchMayTakeLonger(@TempDir Path folder) throws Throwable {
        Path dump = Files.write(folder.resolve("vmcore"), new byte[2 << 20]); // a second
        assertThat(watch.<String>done(() -> progress.reading(folder, () -> stranger(600))))
                .isEqualTo("done");
        Files.write(dump, new byte[0]);
        assertThatThrownBy(() -> watch.done(() -> progress.reading(folder,
                () -> stranger(60_000)))).isInstanceOf(BrokenException.class);
        assertThatThrownBy(() -> watch.done(() -> progress.reading(folder.resolve("none"),
                () -> stranger(60_000)))).isInstanceOf(BrokenException.class);
        assertThat(progress.extraNanos()).as("nothing is read any more").isZero();
    }

    @Test
    void whoInterruptsDoesNotWaitForStrangers() throws Throwable {
        var clock = new EventQueue();
        progress.began(clock);
        clock.schedule(0, () -> { });
        var deaf = new AtomicBoolean(true);
        Thread.currentThread().interrupt();
        long start = System.nanoTime();
        assertThatThrownBy(() -> watch.done(() -> {
            while (deaf.get()) {
                Thread.onSpinWait();
            }
            return null;
        })).isInstanceOf(InterruptedRunException.class);
        assertThat(System.nanoTime() - start).as("no minute of waiting").isLessThan(30_000 * MILLI);
        assertThat(Thread.interrupted()).as("it was told").isFalse();
        assertThatThrownBy(() -> clock.advance(1)).isInstanceOf(CancellationException.class);
        deaf.set(false);
    }

    @Test
    void workThatHearsOfAnInterruptionHasEndedWhenThatIsTold() {
        var ended = new AtomicBoolean();
        Thread waits = Thread.currentThread();
        assertThatThrownBy(() -> watch.done(() -> {
            waits.interrupt();
            sleep(60_000);
            ended.set(true);
            return null;
        })).isInstanceOf(InterruptedRunException.class);
        assertThat(ended).isTrue();
    }
}
