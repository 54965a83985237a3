// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import devices.pcie.ringdma.RingDma;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.setup.FaultInjection;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a stranger's bundle does wrong is its own fault, named, and nobody else's. */
class BrokenBundlesTest {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(7).withRateFactor(0);
    private static final long PATIENCE_NANOS = 700_000_000;

    private final Runner runner = Fixture.runner(Fixture.machine("vtd1"), OPTIONS);

    private Verdict run(HandoverPolicy policy) {
        return Fixture.crash(runner, Fixture.session(policy), false, FaultInjection.NONE)
                .verdict();
    }

    private static HandoverPolicy at(Phase phase, Step... steps) {
        return (event, view, notes) -> event.equals(new PhaseStart(phase))
                ? Arrays.asList(steps) : List.of();
    }

    static Stream<Step> impossible() {
        return Stream.of(new Step.Sleep(-1), new Step.Sleep(Long.MAX_VALUE), null,
                new Step.WriteRegister(0, 3, 4, 0), new Step.WriteRegister(0, 0, 3, 0),
                new Step.WriteRegister(0, -4, 4, 0), new Step.WriteRegister(0, 0xffff8, 8, 0),
                new Step.WaitRegister(0, 0x18, 4, 1, 1, -5), new Step.WriteConfig(8, 4096, 4, 0),
                new Step.WriteConfig(8, 2, 4, 0), new Step.WriteMemory(0x1001, 5),
                new Step.Print(null), new Step.Print("x".repeat(5000)), new Step.AdoptTables(0,
                null),
                new Step.ReserveIova(new AddressRange(1, 4096)), new Step.IdentityMap(8, null));
    }

    @ParameterizedTest
    @MethodSource("impossible")
    void aStepThatNoKernelCouldDoIsThePolicysFault(Step step) {
        Verdict verdict = run(at(Phase.SETUP_ARCH, step));
        assertThat(verdict.captureKernel()).isEqualTo("broken at T3");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.reasons()).anyMatch(r -> r.contains(" asks for "
                + String.valueOf(step).substring(0, Math.min(200, String.valueOf(step).length()))));
        assertThat(run(new CopyTables()).clean()).as("the next cell").isTrue();
    }

    @Test
    void anAnswerOfNullBeforeTheCrashIsNotJudged() {
        Verdict verdict = run((event, view, notes) -> null);
        assertThat(verdict.captureKernel()).isEqualTo("broken at T0");
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(verdict.oldMemoryBytesChanged()).isZero();
        assertThat(verdict.reasons()).anyMatch(r -> r.endsWith("answers null"))
                .anyMatch(r -> r.contains("never came to its crash"));
    }

    @Test
    void aPolicyThatNeverReturnsIsLeftBehindAndTheNextRunIsAsEver() {
        Verdict before = run(new CopyTables());
        runner.patience(PATIENCE_NANOS);
        Verdict verdict = run((event, view, notes) -> {
            while (event.equals(new PhaseStart(Phase.ENUMERATION))) {
                Thread.onSpinWait();
                if (Thread.currentThread().isInterrupted()) {
                    throw new IllegalStateException("the test must not burn a core for ever");
                }
            }
            return List.of();
        });
        assertThat(verdict.captureKernel()).isEqualTo("broken at T5a");
        assertThat(verdict.reasons()).anyMatch(r -> r.contains("does not come back"));
        assertThat(run(new CopyTables())).isEqualTo(before);
    }

    /** Engines that break at some point of their life. */
    private record Breaking(String where, Error error) implements DeviceModel {

        private static final DeviceModel ENGINES = new RingDma();

        private void breakAt(String here) {
            if (here.equals(where)) {
                throw error;
            }
        }

        @Override
        public String name() {
            return "breaking";
        }

        @Override
        public boolean accepts(FunctionConfig function) {
            return ENGINES.accepts(function);
        }

        @Override
        public Device device(DeviceContext context) {
            context.schedule(60_000_000, () -> breakAt("event"));
            return ENGINES.device(context);
        }

        @Override
        public DeviceDriver driver(DriverPort port) {
            breakAt("driver");
            return ENGINES.driver(port);
        }
    }

    static Stream<Breaking> breaking() {
        return Stream.of(new Breaking("event", new AssertionError("a device's event")),
                new Breaking("driver", new StackOverflowError()),
                new Breaking("event", new OutOfMemoryError("as after endless allocation")));
    }

    @ParameterizedTest
    @MethodSource("breaking")
    void aDeviceModelThatBreaksIsNamed(Breaking model) throws Exception {
        Services s = Fixture.SERVICES;
        var broken = new Runner(Fixture.machine("vtd1"),
                new Services(s.vendors(), List.of(model), s.fabric(), s.rootComplex()), OPTIONS);
        Verdict verdict = broken.run(Fixture.session(new CopyTables()), false,
                FaultInjection.NONE).verdict();
        assertThat(verdict.captureKernel()).startsWith("broken at T");
        assertThat(verdict.reasons()).anyMatch(r -> r.contains(Breaking.class.getName())
                && r.contains("broke: " + model.error));
    }

    @Test
    void whatTheEngineItselfThrowsIsThrownOn() {
        var bug = new IllegalStateException("ours");
        bug.setStackTrace(new StackTraceElement[] {
            new StackTraceElement("kdump.lab.engine.run.Run", "advance", "Run.java", 1)});
        assertThatThrownBy(() -> Fixture.crash(runner, Fixture.session((event, view, notes) -> {
            throw bug;
        }), false, FaultInjection.NONE)).isSameAs(bug);
        assertThat(run(new CopyTables()).clean()).as("memory was rolled back").isTrue();
    }
}
