// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.policies;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import devices.pcie.ringdma.RingDma;
import devices.pcie.root.RootComplexes;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.ProbeEnd;
import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.machine.DelegatingModel;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copypagetables.CopyPageTables;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.reuseinplace.ReuseInPlace;
import kdump.policies.reuseroot.ReuseRoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What Li and Sumner (S1) and Roedel (S3) wrote in October 2014, as experiments on captured
 * machines.
 */
class ClaimsOf2014Test {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(7);
    private static final int RTADDR = 0x20;
    private static final int DESCRIPTORS = 128;
    private static final int DESCRIPTOR_BYTES = 32;
    private static final int COMPLETION = 24;
    private static final long TRANSLATION_ENABLE = 1L << 31;

    static Stream<HandoverPolicy> adopting() {
        return Stream.of(new CopyTables(), new CopyPageTables(), new ReuseRoot(),
                new ReuseInPlace());
    }

    private static List<String> told(Crash crash, String kind) {
        return Fixture.beforeRestart(crash).stream().filter(e -> e.nanosSinceCrash() >= 0)
                .filter(e -> e.what().equals(kind)).map(TimelineEntry::text).toList();
    }

    // ---- S1-3, S3-6: off, empty tables, on ------------------------------------------------------

    /**
     * From 5.3 on it finds an entry and an empty table: 05h or 06h, or 04h where a descriptor that
     * was fetched untranslated leads beyond the domain. Before 4.2 its messages find an
     * empty interrupt table as well: 22h.
     */
    @ParameterizedTest
    @CsvSource({"4.1, vtd:0x01, vtd:0x02, 0[12]", "6.1, vtd:0x05, vtd:0x06, 0x0[56]"})
    void aDeviceStillActiveAfterTheReinitialisationFaults(String kernel, String one,
            String other, String reason) {
        Crash crash = Fixture.crash("vtd1", new DisableReinit(), OPTIONS.withKernels(
                new KernelChoice(null, KernelVersion.parse(kernel), Map.of())),
                FaultInjection.NONE);
        Verdict verdict = crash.verdict();

        assertThat(verdict.faults().recorded()).isPositive();
        assertThat(verdict.faults().byReason().keySet()).isSubsetOf(one, other,
                kernel.equals("4.1") ? "vtd:0x22" : "vtd:0x04").containsAnyOf(one, other);
        List<String> lines = told(crash, "console");
        assertThat(lines).anyMatch(l -> l.endsWith("DRHD: handling fault status reg 2"))
                .anyMatch(l -> l.matches(".*\\[fault reason " + reason + "\\] P.*"));
        assertThat(lines).filteredOn(l -> l.contains("] fault addr ")).isNotEmpty()
                .allMatch(l -> verdict.faults().byRequester().containsKey("0000:"
                        + l.substring(l.indexOf("device [") + 8, l.indexOf("] fault"))));
    }

    @Test
    void thatWayIsOffThenRootPointerThenFlushThenOn() {
        Crash crash = Fixture.crash("vtd1", new DisableReinit(), OPTIONS, FaultInjection.NONE);
        List<String> acts = crash.timeline().stream().filter(e -> e.phase().equals("T6"))
                .filter(e -> !e.what().equals("console") && !e.what().equals("step"))
                .map(TimelineEntry::text).toList();

        assertThat(acts).containsSubsequence("unit 0: translation off",
                "unit 0 write32 0x018 = 0x46000000", "unit 0: context-cache, global",
                "unit 0: IOTLB, global", "unit 0: translation on");
        int on = acts.indexOf("unit 0: translation on");
        assertThat(acts.subList(0, on)).as("in the window DMA is raw, not blocked")
                .noneMatch(a -> a.contains("blocked"));
        assertThat(crash.verdict().untranslatedDma().requests()).isPositive();
        assertThat(acts.subList(on, acts.size())).anyMatch(a -> a.contains("blocked"));
    }

    @ParameterizedTest
    @CsvSource({"4.1, T6", "3.10, T6", "3.9, T4", "2.6.34, T4"})
    void before2013TheWindowBeganWithInterruptRemapping(String kernel, String phase) {
        RunOptions options = OPTIONS.withKernels(
                new KernelChoice(null, KernelVersion.parse(kernel), Map.of()));
        Crash crash = Fixture.crash("vtd1", new DisableReinit(), options, FaultInjection.NONE);

        assertThat(Fixture.beforeRestart(crash)).filteredOn(e -> e.what().equals("translation"))
                .extracting(TimelineEntry::phase, TimelineEntry::text).containsExactly(
                        org.assertj.core.groups.Tuple.tuple(phase, "unit 0: translation off"),
                        org.assertj.core.groups.Tuple.tuple("T6", "unit 0: translation on"));
    }

    // ---- S1-7, S3-8, S3-9: never off ------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("adopting")
    void adoptingAtAnyDepthNeverSwitchesTranslationOff(HandoverPolicy policy) {
        Crash crash = Fixture.crash("vtd1", policy, OPTIONS, FaultInjection.NONE);

        assertThat(told(crash, "translation")).isEmpty();
        assertThat(told(crash, "register")).filteredOn(r -> r.contains("write32 0x018 = "))
                .isNotEmpty().allMatch(r -> (Long.decode(r.substring(r.indexOf("= ") + 2))
                        & TRANSLATION_ENABLE) != 0);
        assertThat(crash.verdict().clean()).as(crash.verdict().toString()).isTrue();
        assertThat(crash.verdict().mediaBlocksLost()).isZero();
        assertThat(crash.verdict().lateLegitimateBytes()).isPositive();
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 1", "vtd1, 8", "vtdsm1, 7", "vtd_ats, 3"})
    void onlyReuseChangesTheMemoryThatIsDumped(String machine, long seed) {
        RunOptions options = RunOptions.ofSeed(seed);
        long rootHalves = rootHalves(machine);
        assertThat(Fixture.run(machine, new CopyTables(), options).oldMemoryBytesChanged())
                .isZero();
        assertThat(Fixture.run(machine, new CopyPageTables(), options)
                .oldMemoryBytesChanged()).isZero();
        assertThat(Fixture.run(machine, new ReuseRoot(), options).oldMemoryBytesChanged())
                .as("a pointer for each of " + rootHalves).isBetween(rootHalves, 8 * rootHalves);
        assertThat(Fixture.run(machine, new ReuseInPlace(), options).oldMemoryBytesChanged())
                .as("entries of the devices that were probed").isPositive();
    }

    private static long rootHalves(String machine) {
        var counted = new ArrayList<Long>();
        Fixture.run(machine, new Watching(new CopyTables()) {
            @Override
            void watch(HandoverView view, Object event, List<Step> steps) {
                if (event.equals(new PhaseStart(Phase.CRASH))) {
                    long root = view.readRegister(0, RTADDR, 8) & -4096;
                    long present = 0;
                    for (int i = 0; i < 512; i++) {
                        present += view.readMemory(root + 8 * i) & 1;
                    }
                    counted.add(present);
                }
            }
        }, OPTIONS);
        return counted.get(0);
    }

    // ---- S1-8: until the driver initialises its device ------------------------------------------

    /** A policy, and somebody who looks over its shoulder. */
    private abstract static class Watching implements HandoverPolicy {

        private final HandoverPolicy policy;

        Watching(HandoverPolicy policy) {
            this.policy = policy;
        }

        abstract void watch(HandoverView view, Object event, List<Step> steps);

        @Override
        public List<Step> decide(iommu.api.kdump.HandoverEvent event, HandoverView view,
                iommu.api.kdump.HandoverNotes notes) {
            var steps = new ArrayList<>(policy.decide(event, view, notes));
            watch(view, event, steps);
            return steps;
        }
    }

    /**
     * Clears the completions of old rings whenever a driver has probed, and looks later whether the
     * device has written them again.
     */
    private static final class RingWatch extends Watching {

        private final Map<Integer, Long> rings = new HashMap<>();
        private final Set<Integer> taken = new HashSet<>();
        private final Map<Integer, Boolean> wroteBefore = new HashMap<>();
        private final Map<Integer, Boolean> wroteAfter = new HashMap<>();

        RingWatch(HandoverPolicy policy, Scenario scenario) {
            super(policy);
            scenario.loads().forEach((requester, load) -> {
                if (load.streaming()) {
                    rings.put(requester, load.rings().get(0).physicalAddress());
                }
            });
        }

        @Override
        void watch(HandoverView view, Object event, List<Step> steps) {
            if (event instanceof ProbeStart start && rings.containsKey(start.requester())
                    && !taken.isEmpty()) {
                wroteBefore.put(start.requester(), written(view, start.requester()));
            } else if (event instanceof ProbeEnd end) {
                taken.add(end.requester());
                rings.keySet().forEach(requester -> clear(requester, steps));
            } else if (event.equals(new PhaseStart(Phase.DUMP))) {
                rings.keySet().forEach(r -> wroteAfter.put(r, written(view, r)));
            }
        }

        private void clear(int requester, List<Step> steps) {
            for (int i = 0; i < DESCRIPTORS; i++) {
                steps.add(new Step.WriteMemory(completion(requester, i), 0));
            }
        }

        private boolean written(HandoverView view, int requester) {
            for (int i = 0; i < DESCRIPTORS; i++) {
                if (view.readMemory(completion(requester, i)) != 0) {
                    return true;
                }
            }
            return false;
        }

        private long completion(int requester, int index) {
            return rings.get(requester) + (long) index * DESCRIPTOR_BYTES + COMPLETION;
        }
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 7", "vtd1, 1", "vtdsm1, 7"})
    void eachDeviceGoesOnInItsOldBuffersUntilItsOwnDriverProbes(String machine, long seed) {
        Runner runner = Fixture.runner(Fixture.machine(machine), RunOptions.ofSeed(seed));
        var watch = new RingWatch(new CopyTables(), runner.scenario());
        Verdict verdict = Fixture.crash(runner, Fixture.session(watch), false,
                FaultInjection.NONE).verdict();

        assertThat(watch.wroteBefore).as("after the first other driver had probed").isNotEmpty()
                .doesNotContainValue(false);
        assertThat(watch.wroteAfter).as("its own driver had reset it").isNotEmpty()
                .doesNotContainValue(true);
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.untranslatedDma().requests()).isZero();
    }

    // ---- S1-13: a device without a driver in the capture kernel ---------------------------------

    @ParameterizedTest
    @CsvSource({"6.1, 0", "5.10, 8"})
    void aDeviceWithoutDriverIsLeftAlone(String kernel, long mark) {
        Runner runner = Fixture.runner(Fixture.machine("vtd1"), OPTIONS);
        Scenario b = runner.scenario();
        KernelProfile p = KernelProfile.linux(KernelVersion.parse(kernel));
        var storageOnly = new KernelProfile(p.version(), p.settings(), true, p.lazyFlushNanos(),
                p.domainWidthBits(), p.phases(),
                p.probes().stream().filter(t -> t.classCode() >>> 16 == 1).toList(), p.costs());
        var other = new Scenario(b.description(), b.reservation(), b.profile(), storageOnly,
                b.loads(), b.usedFrames(), b.mappedIova(), b.passThrough(), b.captureDrivers(),
                b.assumptions(), true);
        var watch = new RingWatch(new CopyTables(), b);
        var entries = new EntryWatch(watch);
        Crash crash = Fixture.crash(runner, other, Fixture.session(entries), true);

        assertThat(watch.taken).isNotEmpty();
        assertThat(watch.wroteAfter).isNotEmpty();
        watch.wroteAfter.forEach((requester, wrote) ->
                assertThat(wrote).isEqualTo(!watch.taken.contains(requester)));
        assertThat(crash.verdict().faults().requests()).isZero();
        assertThat(crash.verdict().dump()).isEqualTo("complete");
        for (int requester : b.loads().keySet()) {
            int alias = requester == 0x0608 ? 0x0600 : requester;
            if (!watch.taken.contains(requester)) {
                assertThat(entries.atDump.get(alias)).as("%04x", alias).isEqualTo(
                        List.of(entries.atCrash.get(alias).get(0),
                                entries.atCrash.get(alias).get(1) | mark));
            }
        }
    }

    /** Reads all context entries at the crash and before the dump; legacy mode. */
    private static final class EntryWatch extends Watching {

        private final Map<Integer, List<Long>> atCrash = new HashMap<>();
        private final Map<Integer, List<Long>> atDump = new HashMap<>();

        EntryWatch(HandoverPolicy policy) {
            super(policy);
        }

        @Override
        void watch(HandoverView view, Object event, List<Step> steps) {
            if (event.equals(new PhaseStart(Phase.CRASH))) {
                read(view, atCrash);
            } else if (event.equals(new PhaseStart(Phase.DUMP))) {
                read(view, atDump);
            }
        }

        private static void read(HandoverView view, Map<Integer, List<Long>> into) {
            long root = view.readRegister(0, RTADDR, 8) & -4096;
            for (int bus = 0; bus < 256; bus++) {
                long table = view.readMemory(root + 16L * bus);
                for (int i = 0; (table & 1) != 0 && i < 256; i++) {
                    long at = (table & -4096) + 16L * i;
                    if ((view.readMemory(at) & 1) != 0) {
                        into.put(bus << 8 | i,
                                List.of(view.readMemory(at), view.readMemory(at + 8)));
                    }
                }
            }
        }
    }

    // ---- S1-14: old domain ids are not given out again ------------------------------------------

    @Test
    void inLegacyModeNewDomainsHaveIdsThatNoOldOneHad() {
        var entries = new EntryWatch(new CopyTables());
        Fixture.run("vtd1", entries, OPTIONS);
        Set<Long> old = ids(entries.atCrash.values());
        var fresh = new ArrayList<>(entries.atDump.values());
        fresh.removeAll(entries.atCrash.values());

        assertThat(fresh).as("entries of devices that were probed").isNotEmpty();
        assertThat(ids(fresh)).doesNotContainAnyElementsOf(old);
    }

    private static Set<Long> ids(Iterable<List<Long>> entries) {
        var ids = new HashSet<Long>();
        entries.forEach(e -> ids.add(e.get(1) >>> 8 & 0xffff));
        return ids;
    }

    // ---- S3-10, S3-11: the first mapping of a device --------------------------------------------

    /** Engines whose drivers map before they reset. */
    private static final class MapsFirst extends DelegatingModel {

        private MapsFirst(DeviceModel engines) {
            super(engines);
        }

        @Override
        protected DeviceDriver driver(DeviceDriver driver, DriverPort port) {
            return new Driver(driver) {
                @Override
                public String probe() {
                    port.map(port.allocatePage(), 4096, Access.READ | Access.WRITE);
                    port.sleep(50_000_000);
                    return super.probe();
                }
            };
        }
    }

    @Test
    void aDriverThatMapsBeforeItResetsFaultsUnderCopiedTablesToo() throws Exception {
        var services = new Services(Fixture.SERVICES.vendors(),
                List.of(new MapsFirst(new RingDma())), new PcieFabricFactory(),
                new RootComplexes());
        var runner = new Runner(Fixture.machine("vtd1"), services, OPTIONS);
        Crash crash = Fixture.crash(runner, Fixture.session(new CopyTables()), true,
                FaultInjection.NONE);
        Verdict verdict = crash.verdict();

        assertThat(verdict.faults().requests()).isPositive();
        assertThat(Set.of("vtd:0x05", "vtd:0x06"))
                .as("an empty table of its own").containsAll(verdict.faults().byReason().keySet());
        assertThat(crash.timeline()).filteredOn(e -> e.what().equals("fault")).isNotEmpty()
                .allMatch(e -> e.phase().equals("T7"));
        Set<String> streaming = new HashSet<>();
        runner.scenario().loads().forEach((requester, load) -> {
            if (load.streaming()) {
                streaming.add(iommu.api.pcie.RequesterId.format(
                        requester == 0x0608 ? 0x0600 : requester));
            }
        });
        assertThat(streaming).containsAll(verdict.faults().byRequester().keySet());
        assertThat(Fixture.run("vtd1", new CopyTables(), OPTIONS).faults().requests())
                .as("drivers that reset first").isZero();
    }
}
