// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.profile.KernelVersion;
import java.util.List;
import java.util.Map;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A machine without messages: the sound controller asserts the line of the disks' adapter, and has
 * no driver yet when that one probes.
 */
class SharedLineTest {

    private static final String ADAPTER = "0000:00:1f.2";
    private static final String SOUND = "0000:00:1b.0";

    private static RunOptions options(String capture, String line) {
        return RunOptions.ofSeed(7).withKernels(new KernelChoice(null,
                KernelVersion.parse(capture), Map.of()).withCommandLines(null, line));
    }

    private static Runner runner(RunOptions options) throws Exception {
        return new Runner(ColdBoot.boot(new MachineFileImporter().read(
                Fixture.root().resolve("docs/machines/no-iommu.yaml"), null), Fixture.ALL_MODELS,
                options.kernels()), Fixture.ALL_MODELS, options);
    }

    /** Kernels before 2.6.28 look after a masked line with irqpoll alone. */
    @ParameterizedTest(name = "{0} with \"{1}\"")
    @CsvSource({"2.6.27, nr_cpus=1, missing", "2.6.27, irqpoll, complete",
        "2.6.28, nr_cpus=1, complete", "6.1, irqpoll, complete"})
    void aDeviceLeftWithItsInterruptPendingMayCostTheDump(String capture, String line,
            String dump) throws Exception {
        Crash crash = runner(options(capture, line)).run(Fixture.session(new Linux()), true,
                FaultInjection.NONE);
        assertThat(crash.verdict().dump()).isEqualTo(dump);
        assertThat(crash.timeline()).extracting(TimelineEntry::text).contains(
                "irq 19: nobody cared (try booting with the \"irqpoll\" option)",
                "Disabling IRQ #19");
    }

    @Test
    void whyTellsWhoAssertsTheLine() throws Exception {
        Why why = runner(options("2.6.27", "nr_cpus=1")).why(() -> Fixture.session(new Linux()),
                WhyQuestion.parse("driver:00:1f.2"));
        assertThat(why.chain()).hasSizeGreaterThan(2);
        assertThat(List.of(why.chain().get(0).facts(), why.chain().get(1).facts()))
                .containsExactly(Map.of("function", ADAPTER),
                        Map.of("function", SOUND, "line", "19"));
    }
}
