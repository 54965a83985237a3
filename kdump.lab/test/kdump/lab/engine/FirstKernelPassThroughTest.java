// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import java.util.Map;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A first kernel with iommu=pt, a capture kernel without. Recorded with Linux 6.1 on QEMU 7.2
 * (kdvtd7_pt): tables copied, no driver came up, no dump.
 */
class FirstKernelPassThroughTest {

    private static Runner runner(boolean asQemu, Map<String, Long> settings) {
        MachineDescription d = Fixture.machine("vtd_pt");
        var machine = new MachineDescription(d.name(), d.source(), d.memoryMap(),
                d.crashReservation(), d.units(), d.functions(), d.image(), "6.1.0-56-amd64",
                d.commandLine(), d.captureCommandLine(), d.remarks());
        RunOptions options = RunOptions.ofSeed(7)
                .withKernels(new KernelChoice(null, null, settings)
                        .withCommandLines(null, "intel_iommu=on"))
                .withHardware(new HardwareChoice(asQemu ? "qemu-7.2" : null, Map.of()));
        return Fixture.runner(machine, options);
    }

    private static Verdict run(boolean asQemu, Map<String, Long> settings) {
        return Fixture.crash(runner(asQemu, settings), Fixture.session(new CopyTables()), false,
                FaultInjection.NONE).verdict();
    }

    /** QEMU looks at an invalidation whether a source passes through, and 6.1 rewrites later. */
    @Test
    void onTheRecordedUnitEveryDriverFailsAndThereIsNoDump() throws Exception {
        Verdict verdict = run(true, Map.of());

        assertThat(verdict.driversFailed()).isNotEmpty();
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.faults().requests()).as("none was recorded either").isZero();
    }

    /** Other disks fail after it. */
    @Test
    void theDumpIsMissingForTheDriverOfItsTarget() throws Exception {
        var why = runner(true, Map.of()).why(() -> Fixture.session(new CopyTables()),
                WhyQuestion.parse("dump"));
        assertThat(why.chain().get(0).event()).startsWith("the driver fails: ");
        assertThat(why.chain().get(0).facts()).containsEntry("function", "0000:00:1f.2");
    }

    @ParameterizedTest
    @CsvSource({"false, 0", "true, 1", "true, 2"})
    void elsewhereOrWithTheEntryTakenDownFirstAllIsWell(boolean asQemu, long tearDown)
            throws Exception {
        Verdict verdict = run(asQemu, Map.of("vtd.tearDown", tearDown));

        assertThat(verdict.driversFailed()).isEmpty();
        assertThat(verdict.dump()).isEqualTo("complete");
    }
}
