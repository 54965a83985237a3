// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Trace.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Stage;
import kdump.lab.engine.steps.KernelView;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a policy sees is what a kernel could see then, at a price, and only during its call. */
class KernelViewTest {

    private static final int VERSION = 0;
    private static final int NO_FUNCTION = RequesterId.parse("77:1e.6");

    private final Stage stage = Stage.idle();

    /** Returns a run that stands at a phase, and a view of its capture kernel. */
    private static KernelView view(Run run) {
        return new KernelView(run.captureKernel(), run.machine(), run);
    }

    private Run at(Phase phase) {
        Run run = stage.run(new CopyTables(), Level.COUNT);
        run.advance(phase);
        return run;
    }

    private static long cost(Run run, Runnable act) {
        long before = run.machine().queue().nanos();
        act.run();
        return run.machine().queue().nanos() - before;
    }

    @Test
    void everyReadTakesTheTimeOfItsKind() {
        Run run = at(Phase.SETUP_ARCH);
        KernelView view = view(run);
        var costs = run.captureKernel().costs();
        long accesses = run.captureKernel().registerAccesses();
        assertThat(cost(run, () -> view.readRegister(0, VERSION, 4)))
                .isEqualTo(costs.registerAccess());
        assertThat(run.captureKernel().registerAccesses()).isEqualTo(accesses + 1);
        assertThat(cost(run, () -> view.readConfig(NO_FUNCTION, 0, 4)))
                .isEqualTo(costs.registerAccess());
        assertThat(cost(run, () -> view.readMemory(run.image().start())))
                .isEqualTo(costs.memoryAccess());
        assertThat(cost(run, () -> {
            view.units();
            view.functions();
            view.memoryMap();
            view.crashReservation();
            view.phase();
            view.nanosSinceCrash();
        })).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void readsOfAllKindsShareOneBudget(int kind) {
        Run run = at(Phase.SETUP_ARCH);
        KernelView view = view(run);
        for (int i = 0; i < KernelView.BUDGET; i++) {
            read(view, run, i % 3);
        }
        assertThatIllegalStateException().isThrownBy(() -> read(view, run, kind))
                .withMessage("more than 100000 reads in one call");
        assertThat(view.units()).as("what costs nothing").isNotEmpty();
        assertThat(view(run).readMemory(run.image().start())).as("the next call's view")
                .isEqualTo(run.machine().memory().read64(run.image().start()));
    }

    private static void read(KernelView view, Run run, int kind) {
        switch (kind) {
            case 0 -> view.readRegister(0, VERSION, 4);
            case 1 -> view.readConfig(NO_FUNCTION, 0, 4);
            default -> view.readMemory(run.image().start());
        }
    }

    @Test
    void deadItShowsNothing() {
        Run run = at(Phase.SETUP_ARCH);
        KernelView view = view(run);
        view.die();
        List<Consumer<HandoverView>> reads = List.of(HandoverView::phase,
                HandoverView::nanosSinceCrash, HandoverView::units, HandoverView::functions,
                v -> v.mapsDma(0), HandoverView::memoryMap, HandoverView::crashReservation,
                v -> v.readRegister(0, 0, 4), v -> v.readConfig(0, 0, 4), v -> v.readMemory(0));
        long before = run.machine().queue().nanos();
        for (Consumer<HandoverView> read : reads) {
            assertThatIllegalStateException().isThrownBy(() -> read.accept(view))
                    .withMessageContaining("dead");
        }
        assertThat(run.machine().queue().nanos()).isEqualTo(before);
    }

    @Test
    void itDiesWithItsCallEvenIfThatThrows() {
        var views = new ArrayList<HandoverView>();
        Run run = stage.run((event, view, notes) -> {
            views.add(view);
            if (event.equals(new PhaseStart(Phase.SETUP_ARCH))) {
                throw new WithdrawnException("gone", null);
            }
            return List.of();
        }, Level.COUNT);
        run.finish();
        assertThat(views).hasSize(4).allSatisfy(view ->
                assertThatIllegalStateException().isThrownBy(view::phase));
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void phaseAndTimeAreThoseOfTheRun(Phase phase) {
        Run[] run = new Run[1];
        var seen = new ArrayList<Phase>();
        run[0] = stage.run((event, view, notes) -> {
            if (event instanceof PhaseStart p) {
                seen.add(view.phase());
                assertThat(view.phase()).isEqualTo(p.phase());
                assertThat(view.nanosSinceCrash())
                        .isEqualTo(run[0].machine().queue().nanos() - run[0].crashNanos());
            }
            return List.<Step>of();
        }, Level.COUNT);
        run[0].advance(phase == Phase.CRASH ? Phase.PURGATORY : phase);
        assertThat(seen).contains(phase);
    }

    @Test
    void functionsAreThoseOfTheFabricWithTheirClasses() {
        Run run = at(Phase.SETUP_ARCH);
        assertThat(view(run).functions()).hasSameSizeAs(run.machine().description().functions());
        for (FunctionView f : view(run).functions()) {
            FunctionConfig config = run.machine().config(f.requester());
            assertThat(f.classCode()).isEqualTo(config.classCode());
            assertThat(f.headerType()).isEqualTo(config.headerType());
            assertThat(view(run).readConfig(f.requester(), 0, 4)).isEqualTo(config.read(0, 4));
        }
        assertThat(view(run).readConfig(NO_FUNCTION, 0, 4)).isEqualTo(-1);
        assertThat(view(run).mapsDma(NO_FUNCTION)).isFalse();
    }

    @Test
    void aFunctionsDmaIsMappedOnceTheUnitIsTakenOver() {
        Run run = stage.run(new CopyTables(), Level.COUNT);
        run.advance(Phase.FINAL_FIXUPS);
        int function = run.machine().functionsWithDevice().get(0).requesterId();
        assertThat(view(run).mapsDma(function)).isFalse();
        run.advance(Phase.DRIVERS);
        assertThat(view(run).mapsDma(function)).isTrue();
    }

    @Test
    void unitsSayWhoseTheyAre() {
        for (String machine : List.of("vtd1", "amd1")) {
            Run run = new Stage(machine, RunOptions.ofSeed(1).withRateFactor(0))
                    .run((event, view, notes) ->
                            List.of(), Level.COUNT);
            var units = view(run).units();
            assertThat(units).hasSameSizeAs(run.machine().units());
            for (int i = 0; i < units.size(); i++) {
                var profile = run.machine().description().units().get(i).profile();
                assertThat(units.get(i).index()).isEqualTo(i);
                assertThat(units.get(i).vendor()).isEqualTo(profile.vendor());
                assertThat(units.get(i).registerBase()).isEqualTo(profile.registerBase());
            }
        }
    }
}
