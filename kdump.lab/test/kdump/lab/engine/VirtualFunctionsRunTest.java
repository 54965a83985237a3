// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Virtual functions work until the capture kernel enumerates, which switches them off. */
class VirtualFunctionsRunTest {

    private static final int PHYSICAL = RequesterId.parse("01:00.0");
    private static final int VIRTUAL = RequesterId.parse("01:02.0");

    private static final String MACHINE = """
            name: virtual
            kernel: 6.1.0
            cmdline: intel_iommu=on
            crashkernel: {start: 256M, bytes: 128M}
            memory:
              - {start: 0x1000, bytes: 0x9f000, kind: ram}
              - {start: 0x100000, bytes: 2047M, kind: ram}
            units:
              - {vendor: vtd, base: 0xfed90000, functions: ["0000:01:00.0"]}
              - {vendor: vtd, base: 0xfed91000, functions: others}
            functions:
              - {id: "0000:00:02.0", class: 0x010802, express: integrated, pin: 1,
                 memory: {rw: 16}}
              - id: "0000:00:03.0"
                express: root-port
                behind:
                  - {at: "00.0", class: 0x120000, express: endpoint, pin: 1, memory: {rw: 8},
                     virtual: {count: 1, memory: {rw: 64}, guest: true, rate: 2000}}
            """;

    @TempDir
    Path folder;

    private MachineDescription machine() throws Exception {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, MACHINE);
        return ColdBoot.boot(new MachineFileImporter().read(file, null), Fixture.SERVICES,
                KernelChoice.DEFAULT);
    }

    @Test
    void theirDriverHasSwitchedThemOn() throws Exception {
        MachineDescription machine = machine();
        var physical = machine.functions().stream().filter(f -> f.requesterId() == PHYSICAL)
                .findFirst().orElseThrow();
        assertThat(VirtualFunctions.of(physical::read).enabled(physical::read)).isTrue();
        assertThat(machine.unitOf(VIRTUAL)).as("by the scope of its physical one").isZero();
    }

    @Test
    void theyWorkUntilEnumerationAndNobodyDrivesThemAfterwards() throws Exception {
        var stage = new Stage(machine(), Fixture.SERVICES, RunOptions.ofSeed(5));
        assertThat(stage.scenario().loads()).containsKey(VIRTUAL);
        Run run = stage.run(new CopyTables(), Trace.Level.KEEP);
        run.finish();

        List<Event> events = Stage.events(run.machine().trace());
        long off = events.stream().filter(e -> e.kind() == EventKind.DEVICE_RESET
                && e.actor() == VIRTUAL).findFirst().orElseThrow().nanos();
        List<Event> sent = events.stream().filter(e -> e.actor() == VIRTUAL
                && (e.kind() == EventKind.DMA_READ || e.kind() == EventKind.DMA_WRITE)).toList();
        long enumeration = run.crashNanos()
                + run.scenario().captureProfile().phases().enumeration();
        assertThat(off).isBetween(enumeration, enumeration + 100_000_000);
        assertThat(sent).anyMatch(e -> e.nanos() > run.crashNanos())
                .allMatch(e -> e.nanos() <= off);
        assertThat(events).noneMatch(e -> e.kind() == EventKind.PROBE && e.actor() == VIRTUAL);
        assertThat(events).anyMatch(e -> e.kind() == EventKind.PROBE && e.actor() == PHYSICAL);
    }

    /** They are gone when translation is switched off: none of theirs goes out raw. */
    @Test
    void noPolicyMeetsThemAtT6() throws Exception {
        Crash crash = Fixture.crash(new Runner(machine(), Fixture.SERVICES,
                RunOptions.ofSeed(5)), Fixture.session(new DisableReinit()), true,
                FaultInjection.NONE);

        assertThat(crash.verdict().untranslatedDma().byRequester())
                .doesNotContainKey("0000:01:02.0");
        assertThat(crash.verdict().faults().byRequester()).doesNotContainKey("0000:01:02.0");
        assertThat(crash.verdict().reboot()).isEqualTo("ok");
    }
}
