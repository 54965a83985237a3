// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import devices.pcie.ringdma.RingDma;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.FirstMap;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.ProbeEnd;
import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile.ProbeTime;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import kdump.lab.api.CaptureDrivers;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a capture kernel does after what, and when. */
class CaptureBootTest {

    private static final RunOptions IDLE = RunOptions.ofSeed(7).withRateFactor(0);
    private static final HandoverPolicy NOTHING = (event, view, notes) -> List.of();

    /** A policy that does as copy-tables does, and notes what it is told and when. */
    private static final class Noting implements HandoverPolicy {

        private final HandoverPolicy policy = new CopyTables();
        private final List<HandoverEvent> told = new ArrayList<>();
        private final List<Long> nanos = new ArrayList<>();

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            told.add(event);
            nanos.add(view.nanosSinceCrash());
            return policy.decide(event, view, notes);
        }

        private Map<Integer, Long> probes() {
            var probes = new LinkedHashMap<Integer, Long>();
            for (int i = 0; i < told.size(); i++) {
                if (told.get(i) instanceof ProbeStart start) {
                    probes.put(start.requester(), nanos.get(i));
                }
            }
            return probes;
        }
    }

    /** Ring engines, but not behind every function. */
    private record Some(Predicate<FunctionConfig> which) implements DeviceModel {

        private static final DeviceModel ENGINES = new RingDma();

        @Override
        public String name() {
            return ENGINES.name();
        }

        @Override
        public boolean accepts(FunctionConfig function) {
            return which.test(function) && ENGINES.accepts(function);
        }

        @Override
        public Device device(DeviceContext context) {
            return ENGINES.device(context);
        }

        @Override
        public DeviceDriver driver(DriverPort port) {
            return ENGINES.driver(port);
        }
    }

    private static boolean isDisk(FunctionConfig function) {
        return function.classCode() >>> 16 == 1 && function.headerType() == 0;
    }

    private static MachineDescription only(MachineDescription d,
            Predicate<FunctionConfig> which) {
        return new MachineDescription(d.name(), d.source(), d.memoryMap(), d.crashReservation(),
                d.units(), d.reservedRegions(), d.atsFunctions(),
                d.functions().stream().filter(which).toList(), d.image(), d.kernelRelease(),
                d.commandLine(), d.captureCommandLine(), d.remarks());
    }

    private static Run finished(MachineDescription machine, DeviceModel model,
            HandoverPolicy policy) {
        Services s = Fixture.SERVICES;
        Run run = new Stage(machine, new Services(s.vendors(), List.of(model), s.fabric(),
                s.rootComplex()), IDLE).run(policy, Level.KEEP);
        run.finish();
        return run;
    }

    // ---- order ----------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "amd1", "kdamd1"})
    void noPhaseBeginsBeforeItsInstant(String machine) {
        var noting = new Noting();
        Run run = new Stage(machine, IDLE).run(noting, Level.KEEP);
        run.finish();
        var at = run.scenario().captureProfile().phases();
        Map<Phase, Long> earliest = Map.of(Phase.RUNNING, -run.crashNanos(), Phase.CRASH, 0L,
                Phase.PURGATORY, at.purgatory(), Phase.SETUP_ARCH, at.setupArch(),
                Phase.INTERRUPT_REMAPPING, at.interruptRemapping(), Phase.ENUMERATION,
                at.enumeration(), Phase.FINAL_FIXUPS, at.finalFixups(), Phase.DMA_REMAPPING,
                at.dmaRemapping(), Phase.DRIVERS, at.drivers(), Phase.DUMP, at.dump());
        var order = new ArrayList<Phase>();
        for (int i = 0; i < noting.told.size(); i++) {
            if (noting.told.get(i) instanceof PhaseStart start) {
                order.add(start.phase());
                assertThat(noting.nanos.get(i)).as(start.toString())
                        .isGreaterThanOrEqualTo(earliest.get(start.phase()))
                        .isLessThan(earliest.get(start.phase()) + 1_000_000_000L);
            }
        }
        assertThat(order).containsExactly(Phase.values());
        assertThat(noting.nanos).isSorted();
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "amd1", "kdamd1", "vtd_ats"})
    void probesGoByClassAndInAClassByRequester(String machine) {
        var noting = new Noting();
        Run run = new Stage(machine, IDLE).run(noting, Level.KEEP);
        run.finish();
        List<ProbeTime> times = run.scenario().captureProfile().probes();
        Map<Integer, Long> planned = new LinkedHashMap<>();
        for (ProbeTime time : times) {
            long next = time.nanosAfterCrash();
            for (var function : run.machine().functionsWithDevice()) {
                int id = function.requesterId();
                if (times.stream().filter(t -> t.fits(function.classCode())).findFirst()
                        .orElseThrow() == time) {
                    planned.put(id, next);
                    next += time.interval();
                }
            }
        }
        assertThat(noting.probes()).isNotEmpty();
        assertThat(noting.probes().keySet()).containsExactlyElementsOf(planned.keySet());
        noting.probes().forEach((id, nanos) -> assertThat(nanos).as(RequesterId.format(id))
                .isGreaterThanOrEqualTo(planned.get(id)));
    }

    @Test
    void functionsWithoutADriverAreNotProbedAndTheDumpGoesToOneThatHasOne() {
        var noting = new Noting();
        RunOptions few = IDLE.withKernels(KernelChoice.DEFAULT.withCaptureDrivers(
                new CaptureDrivers(CaptureDrivers.Kind.NAMED, Set.of(0x200, 0x300))));
        Run run = new Stage(Fixture.machine("vtd1"), Fixture.SERVICES, few).run(noting, Level.KEEP);
        run.finish();
        assertThat(noting.probes().keySet()).containsExactlyInAnyOrder(0x200, 0x300);
        assertThat(run.machine().dumpTarget(null)).isEqualTo(0xfa);
        assertThat(run.machine().dumpTarget(Set.of(0x200, 0x300))).isEqualTo(0x200);
        assertThat(run.dumpFailure()).isNull();
        assertThat(run.scenario().assumptions()).contains("the capture kernel has drivers for"
                + " 0000:02:00.0, 0000:03:00.0 only; all other devices go on with what they were"
                + " doing");
    }

    @Test
    void theDriverOfTheDumpTargetAloneIsAChoiceAndStrangersAreNone() {
        var noting = new Noting();
        Run run = new Stage(Fixture.machine("vtd1"), Fixture.SERVICES, IDLE.withKernels(
                KernelChoice.DEFAULT.withCaptureDrivers(new CaptureDrivers(
                        CaptureDrivers.Kind.DUMP_TARGET, Set.of())))).run(noting, Level.KEEP);
        run.finish();
        assertThat(noting.probes().keySet()).containsExactly(0xfa);
        RunOptions nobody = IDLE.withKernels(KernelChoice.DEFAULT.withCaptureDrivers(
                new CaptureDrivers(CaptureDrivers.Kind.NAMED, Set.of(0x7700))));
        assertThatThrownBy(() -> new Runner(Fixture.machine("vtd1"), Fixture.SERVICES, nobody))
                .isInstanceOf(LabException.class)
                .hasMessage("no device for a driver at 0000:77:00.0");
    }

    /** Network functions of the captured machine do no DMA before their interface is opened. */
    private static boolean isNetwork(int requester) {
        return Fixture.machine("vtd1").functions().stream().anyMatch(
                f -> f.requesterId() == requester && f.classCode() >>> 16 == 2);
    }

    @Test
    void eachProbeIsToldBeforeAndAfterAndTheFirstMapWithinIt() {
        var noting = new Noting();
        Stage.idle().run(noting, Level.KEEP).finish();
        int probing = -1;
        var mapped = new ArrayList<Integer>();
        for (HandoverEvent event : noting.told) {
            if (event instanceof ProbeStart start) {
                assertThat(probing).isEqualTo(-1);
                probing = start.requester();
            } else if (event instanceof FirstMap map && probing >= 0) {
                assertThat(map.requester()).isEqualTo(probing);
                mapped.add(map.requester());
            } else if (event instanceof ProbeEnd end) {
                assertThat(end).isEqualTo(new ProbeEnd(probing, null));
                probing = -1;
            }
        }
        assertThat(mapped).isNotEmpty().doesNotHaveDuplicates()
                .containsExactlyElementsOf(noting.probes().keySet().stream()
                        .filter(id -> !isNetwork(id)).toList());
        assertThat(noting.probes().keySet()).as("whose interfaces nobody opens")
                .anyMatch(CaptureBootTest::isNetwork);
    }

    @Test
    void probesComeBetweenTheirPhaseAndTheDump() {
        var noting = new Noting();
        Stage.idle().run(noting, Level.KEEP).finish();
        int drivers = noting.told.indexOf(new PhaseStart(Phase.DRIVERS));
        int dump = noting.told.indexOf(new PhaseStart(Phase.DUMP));
        for (int i = 0; i < noting.told.size(); i++) {
            if (noting.told.get(i) instanceof ProbeStart) {
                assertThat(i).isBetween(drivers, dump);
            }
        }
        assertThat(noting.told.subList(dump + 1, noting.told.size())).isEmpty();
    }

    // ---- the dump target ------------------------------------------------------------------------

    @Test
    void theFirstDiskOfAllIsTheTarget() {
        Run run = finished(Fixture.machine("vtd1"), new RingDma(), new CopyTables());
        int first = run.machine().functionsWithDevice().stream().map(f -> run.machine()
                .config(f.requesterId())).filter(CaptureBootTest::isDisk)
                .mapToInt(FunctionConfig::requesterId).min().orElseThrow();
        Event begun = Stage.events(run.machine().trace()).stream()
                .filter(e -> e.kind() == EventKind.DUMP).findFirst().orElseThrow();
        assertThat(begun.actor()).isEqualTo(first);
        assertThat(run.dumpFailure()).isNull();
        Event ended = Stage.events(run.machine().trace()).stream()
                .filter(e -> e.kind() == EventKind.DUMPED).findFirst().orElseThrow();
        assertThat(ended.a()).isEqualTo(ended.b()).isEqualTo(run.dump().pagesWanted());
        assertThat(ended.detail()).isNull();
    }

    @Test
    void aDiskWithoutAModelIsPassedOverForOneThatHasOne() {
        MachineDescription machine = Fixture.machine("vtd1");
        List<FunctionConfig> disks = machine.functions().stream()
                .filter(CaptureBootTest::isDisk).toList();
        int first = disks.get(0).requesterId();
        Run run = finished(machine, new Some(f -> f.requesterId() != first), new CopyTables());
        boolean others = run.machine().functionsWithDevice().stream()
                .anyMatch(f -> isDisk(run.machine().config(f.requesterId())));
        assertThat(run.dump() != null).isEqualTo(others);
        assertThat(run.dumpFailure()).isEqualTo(others ? null
                : "no bundle has a model for the disk controller " + RequesterId.format(first)
                        + ", the dump target");
    }

    @Test
    void withoutAModelOfAnyDiskTheFirstIsNamed() {
        MachineDescription machine = Fixture.machine("vtd1");
        Run run = finished(machine, new Some(f -> !isDisk(f)), new CopyTables());
        int first = machine.functions().stream().filter(CaptureBootTest::isDisk)
                .mapToInt(FunctionConfig::requesterId).min().orElseThrow();
        assertThat(run.dump()).isNull();
        assertThat(run.dumpFailure()).isEqualTo("no bundle has a model for the disk controller "
                + RequesterId.format(first) + ", the dump target");
        assertThat(run.phase()).isEqualTo(Phase.DUMP);
    }

    @Test
    void aMachineWithoutDisksHasNoDump() {
        Run run = finished(only(Fixture.machine("vtd1"), f -> !isDisk(f)), new RingDma(),
                new CopyTables());
        assertThat(run.dump()).isNull();
        assertThat(run.dumpFailure())
                .isEqualTo("the machine has no disk controller to write the dump to");
        assertThat(run.ending()).isEqualTo(Run.Ending.NONE);
    }

    /** Nobody took the unit over: what drivers ask their devices for is blocked. */
    @Test
    void aDiskWhoseDriverGaveUpTakesNoDump() {
        Run run = finished(Fixture.machine("vtd1"), new RingDma(), NOTHING);
        assertThat(run.dump()).isNull();
        assertThat(run.dumpFailure()).startsWith("the driver of the dump target 0000:")
                .endsWith(" failed");
        assertThat(Stage.events(run.machine().trace()))
                .filteredOn(e -> e.kind() == EventKind.PROBED && !isNetwork(e.actor())).isNotEmpty()
                .allSatisfy(e -> assertThat(e.detail()).isNotNull());
    }

    @Test
    void theDumpThatStopsSaysSoOnRecord() {
        HandoverPolicy pulled = new HandoverPolicy() {
            private final HandoverPolicy policy = new CopyTables();

            @Override
            public List<Step> decide(HandoverEvent event, HandoverView view,
                    HandoverNotes notes) {
                return event.equals(new PhaseStart(Phase.DUMP)) ? view.functions().stream()
                        .filter(f -> f.headerType() == 0).<Step>map(f -> new Step.WriteConfig(
                                f.requester(), 4, 2, 0)).toList()
                        : policy.decide(event, view, notes);
            }
        };
        Run run = finished(Fixture.machine("vtd1"), new RingDma(), pulled);
        assertThat(run.dumpFailure()).startsWith("dump stopped at page 0 of "
                + run.dump().pagesWanted() + ": ");
        Event ended = Stage.events(run.machine().trace()).stream()
                .filter(e -> e.kind() == EventKind.DUMPED).findFirst().orElseThrow();
        assertThat(ended.a()).isZero();
        assertThat(ended.detail()).isEqualTo(run.dumpFailure());
    }
}
