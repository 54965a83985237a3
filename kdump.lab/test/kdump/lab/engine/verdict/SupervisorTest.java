// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import devices.pcie.ringdma.RingDma;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import iommu.api.trace.Trace.Level;
import iommu.vtd.vendor.VtdVendor;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.api.LabException;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.lab.engine.run.BrokenException;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.run.Run.Ending;
import kdump.lab.engine.run.WithdrawnException;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ends a run, whose fault that is, and what is thrown on. */
class SupervisorTest {

    private static final long MILLI = 1_000_000;
    private static final String RUN = "kdump.lab.engine.run.Run";
    private static final String POLICY = "kdump.policies.copytables.CopyTables";

    /** A policy of the bundle of copy-tables, perhaps a bundle that has gone. */
    private record Session(boolean isWithdrawn) implements PolicySession {

        @Override
        public String name() {
            return "mine";
        }

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            return List.of();
        }

        @Override
        public Class<?> policyClass() {
            return CopyTables.class;
        }
    }

    private final Run run = Stage.idle().run(Judged.NOTHING, Level.COUNT);
    private final Blame blame = new Blame(Fixture.SERVICES, new Session(false));
    private final List<Run> seen = new CopyOnWriteArrayList<>();
    private final Supervisor supervisor = new Supervisor(200 * MILLI, seen::add);

    private static <T extends Throwable> T at(T thrown, String... classes) {
        thrown.setStackTrace(stack(classes));
        return thrown;
    }

    /** Returns a stack, innermost first; names of the platform's come with their module. */
    private static StackTraceElement[] stack(String... classes) {
        var stack = new StackTraceElement[classes.length];
        for (int i = 0; i < stack.length; i++) {
            stack[i] = new StackTraceElement(null,
                    classes[i].startsWith("java.") ? "java.base" : null, "17", classes[i], "act",
                    null, 1);
        }
        return stack;
    }

    private boolean run(RuntimeException thrown) throws LabException {
        return supervisor.run(run, () -> {
            throw thrown;
        }, blame);
    }

    // ---- progress -------------------------------------------------------------------------------

    @Test
    void whatComesBackIsNoEnding() throws Exception {
        assertThat(supervisor.run(run, () -> run.advance(1000), blame)).isTrue();
        assertThat(run.ending()).isEqualTo(Ending.NONE);
        assertThat(run.machine().queue().nanos()).isEqualTo(1000);
    }

    @Test
    void aSlowRunThatGetsOnIsWaitedFor() throws Exception {
        assertThat(supervisor.run(run, () -> {
            for (int i = 0; i < 12; i++) {
                LockSupport.parkNanos(50 * MILLI);
                run.machine().queue().advance(1);
            }
        }, blame)).isTrue();
        assertThat(run.ending()).isEqualTo(Ending.NONE);
    }

    @Test
    void oneThatGetsNowhereIsLeftBehindAndInterrupted() throws Exception {
        var interrupted = new CountDownLatch(1);
        assertThat(supervisor.run(run, () -> {
            while (!Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(10 * MILLI);
            }
            interrupted.countDown();
        }, blame)).isFalse();
        assertThat(run.ending()).isEqualTo(Ending.BROKEN);
        assertThat(run.endingReason()).isEqualTo("a bundle of this run does not come back: nothing"
                + " happened for 0 s");
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whoWaitsIsToldOfTheRun() throws Exception {
        supervisor.run(run, () -> LockSupport.parkNanos(300 * MILLI), blame);
        assertThat(seen).isNotEmpty().containsOnly(run);
    }

    @Test
    void whoWaitsMayBeInterruptedAndTheRunEnds() throws Exception {
        var ended = new CountDownLatch(1);
        Thread waiting = Thread.currentThread();
        assertThatThrownBy(() -> supervisor.run(run, () -> {
            waiting.interrupt();
            try {
                while (true) {
                    run.advance(1000);
                }
            } finally {
                ended.countDown();
            }
        }, blame)).isInstanceOf(InterruptedRunException.class);
        assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(Thread.interrupted()).as("it has been heard").isFalse();
    }

    // ---- what is thrown -------------------------------------------------------------------------

    @Test
    void ourOwnMistakesAreThrownOn() throws Exception {
        var mistake = at(new IllegalStateException("ours"), "java.util.ArrayList", RUN);
        assertThatThrownBy(() -> run(mistake)).isSameAs(mistake);
        var error = at(new StackOverflowError(), RUN, POLICY);
        assertThatThrownBy(() -> supervisor.run(run, () -> {
            throw error;
        }, blame)).isSameAs(error);
        assertThat(run.ending()).isEqualTo(Ending.NONE);
    }

    @Test
    void aStrangersMistakeEndsTheRun() throws Exception {
        assertThat(run(at(new IllegalStateException("theirs"), POLICY, RUN))).isTrue();
        assertThat(run.ending()).isEqualTo(Ending.BROKEN);
        assertThat(run.endingReason())
                .isEqualTo("policy mine broke: java.lang.IllegalStateException: theirs");
    }

    @Test
    void whatSaysItselfWhoBrokeIsTakenAtItsWord() throws Exception {
        run(at(new BrokenException("policy x answers null", null), RUN));
        assertThat(run.ending()).isEqualTo(Ending.BROKEN);
        assertThat(run.endingReason()).isEqualTo("policy x answers null");
    }

    @Test
    void aBundleThatWentOutsideOfARunsActsIsAnEndingToo() throws Exception {
        run(at(new WithdrawnException("gone", null), RUN));
        assertThat(run.ending()).isNotEqualTo(Ending.NONE);
        assertThat(run.endingReason()).isEqualTo("gone");
    }

    @ParameterizedTest
    @CsvSource({"true, WITHDRAWN, was withdrawn: ", "false, BROKEN, broke: "})
    void aClassThatIsMissingIsAWithdrawalIfTheBundleWent(boolean gone, Ending ending,
            String words) throws Exception {
        var session = new Session(gone);
        Run mine = Stage.idle().run(session, Level.COUNT);
        supervisor.run(mine, () -> {
            throw at(new NoClassDefFoundError("a/B"), "java.lang.Class", POLICY, RUN);
        }, new Blame(Fixture.SERVICES, session));
        assertThat(mine.ending()).isEqualTo(ending);
        assertThat(mine.endingReason()).startsWith("policy mine " + words);
    }

    // ---- whose fault ----------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "kdump.policies.copytables.CopyTables, policy mine",
        "java.util.ArrayList kdump.policies.copytables.CopyTables, policy mine",
        "iommu.api.memory.AddressRange kdump.policies.copytables.CopyTables, policy mine",
        "kdump.lab.engine.kernel.EngineKernelPort iommu.vtd.vendor.VtdVendor, VENDOR",
        "kdump.lab.engine.kernel.Kernel devices.pcie.ringdma.RingDma, MODEL",
        "kdump.lab.engine.steps.KernelView kdump.policies.copytables.CopyTables, policy mine",
        "kdump.lab.engine.run.ReservationNotes kdump.policies.copytables.CopyTables, policy mine",
        "kdump.lab.engine.machine.DeviceSlot devices.pcie.ringdma.RingDma, MODEL",
        "org.none.Library devices.pcie.ringdma.RingDma, MODEL",
        "kdump.lab.engine.run.Run kdump.policies.copytables.CopyTables, nobody",
        "kdump.lab.engine.kernel.DumpWriter devices.pcie.ringdma.RingDma, nobody",
        "org.none.Library, nobody", "java.util.ArrayList, nobody", "'', nobody"})
    void theInnermostStrangerIsToBlame(String classes, String culprit) throws Exception {
        StackTraceElement[] stack = classes.isEmpty() ? new StackTraceElement[0]
                : stack(classes.split(" "));
        String expected = switch (culprit) {
            case "VENDOR" -> VtdVendor.class.getName();
            case "MODEL" -> RingDma.class.getName();
            default -> culprit;
        };
        assertThat(blame.of(stack, "nobody")).isEqualTo(expected);
    }

    @Test
    void whoEndsTheLabIsToldIfItIsAStranger() {
        var watch = new ExitWatch(stack -> blame.of(stack, null));
        String exit = "java.lang.Runtime";
        StackTraceElement[] called = stack("java.lang.Shutdown", exit, "java.lang.System", POLICY,
                RUN);
        assertThat(watch.culprit(called)).as("no call of exit").isNull();
        called[1] = new StackTraceElement(null, "java.base", "17", exit, "exit", null, 1);
        assertThat(watch.culprit(called)).isEqualTo("policy mine");
        called[3] = new StackTraceElement("kdump.lab.launcher.Launcher", "main", null, 1);
        assertThat(watch.culprit(called)).as("the lab ends itself").isNull();
    }

    @Test
    void aPolicyWithoutAClassIsNobody() throws Exception {
        PolicySession none = new PolicySession() {
            @Override
            public String name() {
                return "gone";
            }

            @Override
            public List<Step> decide(HandoverEvent e, HandoverView v, HandoverNotes n) {
                return List.of();
            }

            @Override
            public Class<?> policyClass() {
                return null;
            }
        };
        assertThat(new Blame(Fixture.SERVICES, none).of(stack(POLICY, RUN), "nobody"))
                .isEqualTo("nobody");
        assertThat(none.culprit()).isEqualTo("policy gone");
        assertThat(none.isWithdrawn()).isFalse();
    }
}
