// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.List;
import java.util.Map;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;

/** Montgomery's case 2, and his effect B: memory that a device does not reach. */
class SwiotlbMachineTest {

    private static final int BUSY = RequesterId.parse("0000:00:1d.0");
    private static final long LOW_END = 1L << 32;
    private static final String NO_LOW_PART = "crashkernel=256M,high crashkernel=0,low";

    private static RunOptions options(String version, String line) {
        return RunOptions.ofSeed(1).withKernels(new KernelChoice(KernelVersion.parse(version),
                null, Map.of()).withTimes(KernelTimes.RECORDED.scaled(0.2))
                .withCommandLines(line, null));
    }

    private static MachineDescription boot(RunOptions options)
            throws Exception {
        return ColdBoot.boot(new MachineFileImporter().read(
                Fixture.root().resolve("docs/machines/swiotlb-8g.yaml"), null),
                Fixture.ALL_MODELS, options.kernels());
    }

    private static Verdict linux(RunOptions options) throws Exception {
        return new Runner(boot(options), Fixture.ALL_MODELS, options)
                .run(Fixture.session(new Linux()), false, FaultInjection.NONE).verdict();
    }

    /** S2-7: leftover writes fill slots; what was meant is in the dump as it was at the crash. */
    @Test
    void lateWritesFillSlotsAndNeverArrive() throws Exception {
        RunOptions options = options("3.10", "crashkernel=128M");
        var stage = new Stage(boot(options), Fixture.ALL_MODELS, options);
        Run run = stage.run(new Linux(), Trace.Level.KEEP);
        run.finish();
        List<Event> events = Stage.events(run.machine().trace());
        List<Event> bounced = events.stream().filter(e -> e.kind() == EventKind.MAP
                && e.actor() == BUSY && e.b() >= LOW_END).toList();
        assertThat(bounced).isNotEmpty().allMatch(e -> e.a() < LOW_END);
        PhysicalMemory atCrash = stage.memory().asAt(run.crashMark());
        int written = 0;
        for (Event map : bounced) {
            for (int i = 0; i < 4096; i += 8) {
                assertThat(stage.memory().read64(map.b() + i))
                        .isEqualTo(atCrash.read64(map.b() + i));
                written += stage.memory().read64(map.a() + i) == atCrash.read64(map.a() + i)
                        ? 0 : 1;
            }
        }
        assertThat(written).as("words of slots that late requests wrote").isPositive();
    }

    @Test
    void aReservationInReachNeedsNothing() throws Exception {
        Verdict verdict = linux(options("3.10", "crashkernel=128M"));
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.clean()).isTrue();
        assertThat(verdict.lateLegitimateBytes()).isPositive();
    }

    @Test
    void aReservationOutOfReachCostsTheDump() throws Exception {
        Verdict verdict = linux(options("6.1", NO_LOW_PART));
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.driversFailed()).extracting(Verdict.DriverFailure::reason)
                .anyMatch(reason -> reason.contains("SWIOTLB"));
    }

    @Test
    void olderKernelsPanicOverIt() throws Exception {
        assertThat(linux(options("3.10", NO_LOW_PART)).captureKernel()).isEqualTo("hung");
    }

    @Test
    void aPartBelow4GibHoldsSlots() throws Exception {
        Verdict verdict = linux(options("3.10", "crashkernel=256M,high"));
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.clean()).isTrue();
        assertThat(verdict.oldMemoryBytesChanged()).as("the part is not old memory").isZero();
    }
}
