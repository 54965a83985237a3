// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.recorded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelTimes;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import kdump.importers.CaptureDirectoryImporter;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What goes on after the crash, function by function: of the recorded kind, for as long and as much
 * as recorded, within a factor of two. Given are the captured machine and how often frames arrived;
 * what disks were at is not, as theirs were throttled.
 *
 * <p>Source: takeover.txt, activity.csv and analysis.txt of the recordings; a frame is 4 recorded
 * translations. In kdamd7 half of the frames came at once.
 */
class RecordedActivityTest {

    private static final Path RECORDINGS = Fixture.root().resolve("../shared/captures");
    private static final int NETWORK = 0x0200;
    private static final int XHCI = 0x0c0330;
    /** What is written for a frame: 342 bytes and its descriptor. */
    private static final int FRAME_BYTES = 342 + 16;
    private static final double SECOND = 1e9;

    /** What a function did for the crashed kernel after the crash. */
    private static final class Activity {
        private long requests;
        private long written;
        private long last;

        double frames() {
            return written / (double) FRAME_BYTES;
        }

        double seconds() {
            return last / SECOND;
        }
    }

    private static MachineDescription machine(String name) throws Exception {
        assumeTrue(Files.isDirectory(RECORDINGS.resolve(name)), "the recordings are absent");
        return ColdBoot.boot(new CaptureDirectoryImporter().read(RECORDINGS.resolve(name), null),
                Fixture.ALL_MODELS, KernelChoice.DEFAULT);
    }

    private static RunOptions options(MachineDescription machine, long frameNanos) {
        RunOptions options = RunOptions.ofSeed(1);
        for (FunctionConfig function : machine.functions()) {
            if (function.classCode() >>> 8 == NETWORK) {
                options = options.withDeviceOption(function.requesterId(),
                        DeviceContext.FRAME_NANOS, frameNanos);
            }
        }
        return options;
    }

    private static Map<Integer, Activity> activity(MachineDescription machine, long frameNanos) {
        Run run = new Stage(machine, Fixture.ALL_MODELS, options(machine, frameNanos))
                .run(new Linux(), Trace.Level.KEEP);
        run.finish();
        Map<Integer, Activity> all = new TreeMap<>();
        Set<Integer> dropped = new HashSet<>();
        for (Event e : Stage.events(run.machine().trace())) {
            boolean writes = e.kind() == EventKind.DMA_WRITE;
            if (e.nanos() <= run.crashNanos()) {
                continue;
            }
            if (e.kind() == EventKind.DEVICE_RESET) {
                dropped.add(e.actor());
            } else if ((writes || e.kind() == EventKind.DMA_READ)
                    && !dropped.contains(e.actor())) {
                Activity of = all.computeIfAbsent(e.actor(), a -> new Activity());
                of.requests++;
                of.written += writes ? DmaOutcome.bytes(e.b()) : 0;
                of.last = e.nanos() - run.crashNanos();
            }
        }
        return all;
    }

    /** Controllers go on until their receive ring is used up, or their driver comes. */
    @ParameterizedTest
    @CsvSource({
        "kdvtd1, 01:00.0, 69, 253, 17.5", "kdvtd1, 06:01.0, 69, 254, 18.6",
        "kdvtd7_roots2, 01:00.0, 121, 253, 30.8", "kdvtd7_roots2, 07:01.0, 121, 254, 31.8",
        "kdvtd7_nostop, 01:00.0, 122, 260, 31.9", "kdvtd7_nostop, 07:01.0, 122, 254, 32.0",
        "kdamd7, 00:08.0, 50, 247, 8.3", "kdamd7, 00:0d.0, 50, 253, 8.6",
        "none7_roots, 01:00.0, 124, 162, 20.1", "none7_dumponly, 01:00.0, 124, 251, 32",
        "none7_nostop, 01:00.0, 128, 253, 32.7"})
    void networkControllersUseUpTheirRings(String recording, String function, long frameMillis,
            double frames, double seconds) throws Exception {
        Activity ours = activity(machine(recording), frameMillis * 1_000_000)
                .get(RequesterId.parse(function));

        assertThat(ours.frames()).as("frames").isBetween(frames / 2, frames * 2);
        assertThat(ours.seconds()).as("seconds").isBetween(seconds / 2, seconds * 2);
    }

    /** NVMe, AHCI, virtio and xHCI were silent within seconds, none wrote for long. */
    @ParameterizedTest
    @CsvSource({"kdvtd7_nostop, 122", "none7_nostop, 128"})
    void allOthersAreSilentWithinSeconds(String recording, long frameMillis) throws Exception {
        MachineDescription machine = machine(recording);
        Map<Integer, Activity> all = activity(machine, frameMillis * 1_000_000);

        for (FunctionConfig function : machine.functions()) {
            Activity ours = all.get(function.requesterId());
            if (ours != null && function.classCode() >>> 8 != NETWORK) {
                String name = RequesterId.format(function.requesterId());
                assertThat(ours.seconds()).as(name).isLessThan(2 * 1.6);
                assertThat(ours.requests).as(name).isLessThan(
                        function.classCode() == XHCI ? 100 : 2000);
            }
        }
        assertThat(all).isNotEmpty();
    }

    /**
     * Translation went off at 4.0 s (intel_iommu=off): 59 frames each until then, and from then on
     * raw requests, which all but a few go where nothing answers.
     */
    @ParameterizedTest
    @CsvSource({"01:00.0", "06:01.0"})
    void whereTranslationGoesOffControllersGoOnRaw(String function) throws Exception {
        MachineDescription machine = machine("kdvtd2_capoff");
        RunOptions options = options(machine, 67_000_000).withKernels(KernelChoice.DEFAULT
                .withTimes(KernelTimes.RECORDED.scaled(4.044 / 14.795)));
        Run run = new Stage(machine, Fixture.ALL_MODELS, options)
                .run(new Linux(), Trace.Level.KEEP);
        run.finish();
        int id = RequesterId.parse(function);
        long off = 0;
        var until = new Activity();
        int raw = 0;
        int answered = 0;
        for (Event e : Stage.events(run.machine().trace())) {
            boolean request = e.kind() == EventKind.DMA_WRITE || e.kind() == EventKind.DMA_READ;
            if (e.kind() == EventKind.TRANSLATION && off == 0) {
                off = e.nanos() - run.crashNanos();
            } else if (request && e.actor() == id && e.nanos() > run.crashNanos()) {
                if (off != 0) {
                    raw += DmaOutcome.isUntranslated(e.b()) ? 1 : 0;
                    answered += DmaOutcome.isAnswered(e.b()) ? 1 : 0;
                } else if (e.kind() == EventKind.DMA_WRITE) {
                    until.written += DmaOutcome.bytes(e.b());
                }
            }
        }

        assertThat(off / SECOND).as("seconds").isBetween(3.0, 5.0);
        assertThat(until.frames()).as("frames").isBetween(59 / 2.0, 59 * 2.0);
        assertThat(raw).as("raw").isGreaterThan(10);
        assertThat(answered).as("most go where nothing answers").isLessThan(raw / 2);
    }

    /** Scalable mode over legacy tables: blocked writes (05h) and reads (06h), as recorded. */
    @Test
    void whereTablesAreNewWritesAndReadsAreBlocked() throws Exception {
        Verdict verdict = new Runner(machine("kdvtd6_mixed"), Fixture.ALL_MODELS,
                RunOptions.ofSeed(1)).run(Fixture.session(new Linux()), false,
                        FaultInjection.NONE).verdict();

        assertThat(verdict.faults().groups())
                .anyMatch(g -> g.reason().equals("vtd:0x05") && g.access() == Access.WRITE)
                .anyMatch(g -> g.reason().equals("vtd:0x06") && g.access() == Access.READ);
    }
}
