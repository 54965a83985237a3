// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Trace;
import iommu.api.unit.MappingVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copypagetables.CopyPageTables;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that comes between the crash and the enumeration, and one that a guest owns. */
class LateAndGuestFunctionsTest {

    private static final int DISK = RequesterId.parse("00:02.0");
    private static final int OWNED = RequesterId.parse("00:03.0");
    private static final int LATE = RequesterId.parse("00:04.0");

    private static final String MACHINE = """
            name: late-and-guest
            kernel: 6.1.0
            cmdline: intel_iommu=on
            crashkernel: {start: 256M, bytes: 128M}
            memory:
              - {start: 0x1000, bytes: 0x9f000, kind: ram}
              - {start: 0x100000, bytes: 2047M, kind: ram}
            units: [{vendor: vtd, base: 0xfed90000, functions: others}]
            functions:
              - {id: "0000:00:02.0", class: 0x010802, express: integrated, pin: 1, rate: 300,
                 memory: {rw: 16}}
              - {id: "0000:00:03.0", class: 0x010700, express: integrated, pin: 1, rate: 300,
                 guest: true, memory: {rw: 512, registered: 4M}}
              - {id: "0000:00:04.0", class: 0x020000, express: integrated, pin: 1,
                 plugged: at-crash}
            """;

    @TempDir
    Path folder;

    private MachineDescription machine() throws Exception {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, MACHINE);
        return ColdBoot.boot(new MachineFileImporter().read(file, null), Fixture.SERVICES,
                KernelChoice.DEFAULT);
    }

    private Crash crash(HandoverPolicy policy) throws Exception {
        return Fixture.crash(new Runner(machine(), Fixture.SERVICES, RunOptions.ofSeed(3)),
                Fixture.session(policy), true, FaultInjection.NONE);
    }

    /** Returns the domain ids of all functions that a unit knows, by requester. */
    private static Map<Integer, Integer> domains(Run run) {
        var ids = new TreeMap<Integer, Integer>();
        run.machine().units().get(0).mappings(new MappingVisitor() {
            @Override
            public void mapping(int source, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                ids.put(source, domainId);
            }

            @Override
            public void passThrough(int source, int domainId) { }
        });
        return ids;
    }

    // ---- a device that comes late ---------------------------------------------------------------

    @Test
    void theFirstKernelNeverSeesItAndTheCaptureKernelDrivesIt() throws Exception {
        List<String> seen = new ArrayList<>();
        Crash crash = crash((event, view, notes) -> {
            if (event instanceof PhaseStart start) {
                seen.add(start.phase().label() + view.functions().stream()
                        .anyMatch(f -> f.requester() == LATE));
            }
            return new CopyTables().decide(event, view, notes);
        });

        assertThat(seen).contains("T0false", "T1false", "T3true", "T6true");
        assertThat(crash.timeline()).anyMatch(e -> e.what().equals("driver")
                && e.text().startsWith("0000:00:04.0 probed"));
        assertThat(crash.verdict().clean()).as(crash.verdict().toString()).isTrue();
        assertThat(crash.verdict().assumptions())
                .contains("0000:00:04.0 is plugged in after the crash");
    }

    /** S1-14: what copies the tables keeps the ids in them from being given out again. */
    @Test
    void itsDomainIdIsNoneThatTheCrashedKernelUsed() throws Exception {
        // a network driver maps nothing before somebody opens its interface
        var stage = new Stage(machine(), Fixture.SERVICES,
                RunOptions.ofSeed(3).withDeviceOption(LATE, DeviceContext.OPENS_INTERFACE, 1));
        Run run = stage.run(new CopyTables(), Trace.Level.COUNT);
        run.advance(Phase.CRASH);
        var old = new TreeSet<>(domains(run).values());
        assertThat(domains(run)).containsKeys(DISK, OWNED).doesNotContainKey(LATE);
        run.finish();

        assertThat(domains(run)).containsKey(LATE);
        assertThat(old).isNotEmpty().doesNotContain(domains(run).get(LATE));
    }

    @Test
    void aDiskThatComesLateIsNotDumpedTo() throws Exception {
        Path file = folder.resolve("late-disk.yaml");
        Files.writeString(file, MACHINE.replace("class: 0x020000", "class: 0x010802")
                .replace("\"0000:00:04.0\"", "\"0000:00:01.0\""));
        MachineDescription machine = ColdBoot.boot(new MachineFileImporter().read(file, null),
                Fixture.SERVICES, KernelChoice.DEFAULT);
        Crash crash = Fixture.crash(new Runner(machine, Fixture.SERVICES, RunOptions.ofSeed(3)),
                Fixture.session(new CopyTables()), true, FaultInjection.NONE);

        assertThat(crash.timeline()).anyMatch(e -> e.text().equals("written to 0000:00:02.0"));
        assertThat(crash.timeline()).anyMatch(e -> e.text().startsWith("0000:00:01.0 probed"));
    }

    // ---- a device that a guest owns -------------------------------------------------------------

    @Test
    void addressesOfItsDomainAreThoseOfTheGuestFromZeroUp() throws Exception {
        var stage = new Stage(machine(), Fixture.SERVICES, RunOptions.ofSeed(3));
        var mapped = new TreeMap<Long, Long>();
        stage.machine(Trace.Level.COUNT).units().get(0).mappings(new MappingVisitor() {
            @Override
            public void mapping(int source, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                if (source == OWNED) {
                    for (long at = 0; at < bytes; at += 4096) {
                        mapped.put(iova + at, physicalAddress + at);
                    }
                }
            }

            @Override
            public void passThrough(int source, int domainId) { }
        });

        assertThat(mapped.firstKey()).isZero();
        assertThat(mapped.lastKey()).isEqualTo((6L << 20) - 4096);
        assertThat(mapped).hasSize(6 << 20 >> 12);
        assertThat(mapped).noneSatisfy((iova, physical) -> assertThat(iova).isEqualTo(physical));
    }

    @Test
    void itsWorkIsDoneInTheGuestsMemoryAndKeptByCopiedTables() throws Exception {
        Verdict verdict = crash(new CopyTables()).verdict();

        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
        assertThat(verdict.lateLegitimateBytes()).isPositive();
    }

    /** S2-15: the rule cannot be had for it; the guest has the addresses. */
    @Test
    void theCrashRangeIsNotMappedForIt() throws Exception {
        Verdict verdict = crash(Fixture.policies().get("identity-map-crash-range"))
                .verdict();

        assertThat(verdict.reasons()).contains("refused: 0000:00:03.0 is a guest's: addresses"
                + " from 0x10000000 on are those of the guest's memory, and nobody else's to map");
    }

    /** Asks for the guest's device alone. */
    private record Alone() implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            return event.equals(new PhaseStart(Phase.RUNNING)) ? view.functions().stream()
                    .map(FunctionView::requester).filter(id -> id == OWNED).<Step>map(id ->
                            new Step.IdentityMap(id, view.crashReservation())).toList()
                    : new CopyTables().decide(event, view, notes);
        }
    }

    @Test
    void theRefusalLeavesItsTableAsItWas() throws Exception {
        var stage = new Stage(machine(), Fixture.SERVICES, RunOptions.ofSeed(3));
        Run run = stage.run(new Alone(), Trace.Level.COUNT);
        run.advance(Phase.CRASH);
        long crashRange = run.machine().reservation().start();

        assertThat(Stage.mappings(run.machine(), OWNED)).doesNotContainKey(crashRange);
        assertThat(Stage.mappings(run.machine(), OWNED)).hasSize(6 << 20 >> 12);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theCaptureKernelTakesItOverLikeAnyOther(long seed) throws Exception {
        Crash crash = Fixture.crash(new Runner(machine(), Fixture.SERVICES,
                RunOptions.ofSeed(seed)), Fixture.session(new CopyPageTables()), true,
                FaultInjection.NONE);

        assertThat(crash.timeline()).anyMatch(e -> e.what().equals("driver")
                && e.text().startsWith("0000:00:03.0"));
    }
}
