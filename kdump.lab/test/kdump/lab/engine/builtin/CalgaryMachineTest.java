// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Map;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;

/**
 * The machine after the x366, and what made "use the first kernels TCE tables in kdump"
 * (95b68dec0d5) necessary: nothing here says so but registers and entries.
 */
class CalgaryMachineTest {

    private static final String DUMP_TARGET = "0000:01:02.0";
    private static final String SERVICE_PROCESSOR = "0000:01:03.0";

    private static RunOptions options(String capture) {
        return options("2.6.27", capture, null);
    }

    private static RunOptions options(String first, String capture, String captureLine) {
        return RunOptions.ofSeed(1).withKernels(new KernelChoice(KernelVersion.parse(first),
                KernelVersion.parse(capture), Map.of())
                .withTimes(KernelTimes.RECORDED)
                .withCommandLines(null, captureLine));
    }

    private static Crash run(HandoverPolicy policy, RunOptions options)
            throws IOException, LabException {
        return new Runner(boot(options), Fixture.ALL_MODELS, options)
                .run(Fixture.session(policy), true, FaultInjection.NONE);
    }

    private static MachineDescription boot(RunOptions options) throws IOException, LabException {
        return ColdBoot.boot(new MachineFileImporter().read(
                Fixture.root().resolve("docs/machines/server-2008-calgary.yaml"), null),
                Fixture.ALL_MODELS, options.kernels());
    }

    @Test
    void tablesThatAreReusedSaveTheDump() throws Exception {
        Verdict verdict = run(new Linux(), options("2.6.27")).verdict();
        assertThat(verdict.clean()).isTrue();
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.faults().requests()).isZero();
    }

    @Test
    void newTablesCostTheBusOfTheDumpTarget() throws Exception {
        Verdict verdict = run(new Linux(), options("2.6.26")).verdict();
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(verdict.faults().byReason())
                .containsKeys("calgary:NO_ENTRY", "calgary:SLOT_DISABLED");
        assertThat(verdict.faults().byRequester()).containsKey(SERVICE_PROCESSOR);
        assertThat(verdict.faults().printed()).isEqualTo(1);
        assertThat(verdict.driversFailed()).extracting(f -> f.requester())
                .contains(DUMP_TARGET);
    }

    /** Montgomery: the kernel that captures leaves the chip alone, and reaches its own pages. */
    @Test
    void theCrashRangeMappedToItselfIsEnough() throws Exception {
        Crash crash = run(Fixture.identityMap(), options("2.6.27"));
        assertThat(crash.verdict().dump()).isEqualTo("complete");
        assertThat(crash.verdict().clean()).isTrue();
        var lines = new ArrayList<String>();
        crash.timeline().forEach(line -> lines.add(line.text()));
        assertThat(lines).noneMatch(text -> text.contains("Calgary"));
    }

    /** The end of the chain is the kernel that took the bus, not the table. */
    @Test
    void whyTellsWhoTookTheBus() throws Exception {
        RunOptions options = options("2.6.26");
        Why why = new Runner(boot(options), Fixture.ALL_MODELS, options).why(
                () -> Fixture.session(new Linux()), WhyQuestion.parse("driver:01:02.0"));
        assertThat(why.chain()).anyMatch(link -> link.facts().containsValue(
                "refused: the slot is disabled"));
        assertThat(why.chain().get(why.chain().size() - 1).facts().toString())
                .contains("0x9160");
    }

    @Test
    void aKernelWithoutTheCodeLeavesTheChipOn() throws Exception {
        Verdict verdict = run(new Linux(), options("5.5")).verdict();
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.faults().byReason()).as("old work still is translated").isEmpty();
        assertThat(verdict.captureKernel()).isEqualTo("ok");
    }

    /**
     * From 3.15 on a first kernel makes tables of 8 MiB; a capture kernel that knows where RAM ends
     * takes them for smaller, and finds a bit of the size in the address.
     */
    @Test
    void aSizeThatKernelsDoNotAgreeOnCostsTheDump() throws Exception {
        assertThat(run(new Linux(), options("3.15", "3.15", null)).verdict().dump())
                .isEqualTo("complete");
        assertThat(run(new Linux(), options("3.15", "3.15", "memmap=exactmap")).verdict().dump())
                .isEqualTo("missing");
    }
}
