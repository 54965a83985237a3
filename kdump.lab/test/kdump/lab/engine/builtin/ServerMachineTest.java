// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.MemoryKind;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.MappingVisitor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.ResetDevicesTest;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.leavedisabled.LeaveDisabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The built-in server, on which policies differ, and why they do. */
class ServerMachineTest {

    private static final String RAID = "0000:01:00.0";
    private static final int[] ROOT_PORTS = {0x08, 0x10, 0x18, 0xe0};
    private static final int DEVICE_CONTROL = 0x48;
    private static final int ROOT_CONTROL = 0x5c;

    private static MachineDescription server() {
        try {
            return ColdBoot.boot(new MachineFileImporter().read(
                    Fixture.root().resolve("docs/machines/server.yaml"), null), Fixture.ALL_MODELS,
                    KernelChoice.DEFAULT);
        } catch (IOException | LabException e) {
            throw new AssertionError(e);
        }
    }

    /** No service for AER closes the gates. */
    private static final RunOptions WITHOUT_SERVICES = RunOptions.ofSeed(3).withKernels(
            new KernelChoice(null, null, Map.of(KernelProfile.ERROR_SERVICES, 0L)));

    private static Verdict run(HandoverPolicy policy, RunOptions options) {
        try {
            return new Runner(server(), Fixture.ALL_MODELS, options)
                    .run(Fixture.session(policy), false, FaultInjection.NONE).verdict();
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isHarmed(Verdict verdict) {
        return !verdict.captureKernel().equals("ok") || !verdict.dump().equals("complete");
    }

    private static long harmed(HandoverPolicy policy) {
        return LongStream.range(1, 9).filter(seed ->
                isHarmed(run(policy, RunOptions.ofSeed(seed)))).count();
    }

    private static List<Long> iovas(MachineDescription machine, int wanted) {
        var iovas = new ArrayList<Long>();
        try {
            Fixture.SERVICES.vendor("vtd").unit(machine.units().get(0).profile(),
                    Runner.loaded(machine, 0)).mappings(new MappingVisitor() {
                        @Override
                        public void mapping(int requester, int domainId, long iova,
                                long physicalAddress, long bytes, int access) {
                            if (requester == wanted) {
                                iovas.add(iova);
                            }
                        }

                        @Override
                        public void passThrough(int requester, int domainId) { }
                    });
        } catch (LabException e) {
            throw new AssertionError(e);
        }
        return iovas;
    }

    @Test
    void itsTablesAreThoseOfItsKernelAndReachDownIntoRam() {
        MachineDescription server = server();
        assertThat(server.driverMemory()).as("booted").isEmpty();
        List<Long> iovas = iovas(server, RequesterId.parse("02:00.0"));
        assertThat(iovas).hasSizeGreaterThan(800);
        assertThat(iovas).anyMatch(iova -> server.memoryMap().kindAt(iova)
                == MemoryKind.SYSTEM_RAM).anyMatch(iova -> iova >= 0xffff_0000L);
        assertThat(server.image().ranges()).as("tables, not buffers").hasSizeLessThan(4000);
    }

    /** Raw addresses in RAM: most hand-overs that leave translation off do harm, copies none. */
    @Test
    void whereNothingTranslatesRawAddressesHitRam() {
        assertThat(harmed(new LeaveDisabled())).isGreaterThanOrEqualTo(6);
        assertThat(harmed(new DisableReinit())).isBetween(1L, 8L);
        assertThat(harmed(new CopyTables())).isZero();
    }

    /** The controller still has commands in flight at T6: an aborted one wedges it. */
    @Test
    void aRaidControllerWedgesOnAnAbortAndTheDumpIsLost() {
        RunOptions options = RunOptions.ofSeed(7);
        Verdict disabled = run(new DisableReinit(), options);
        assertThat(disabled.dump()).isEqualTo("missing");
        assertThat(disabled.driversFailed()).extracting(Verdict.DriverFailure::requester)
                .containsExactly(RAID);
        assertThat(List.of(disabled.faults().byRequester(),
                disabled.untranslatedDma().byRequester()))
                .as("blocked, or sent where nothing answers").anyMatch(m -> m.containsKey(RAID));
        assertThat(run(new CopyTables(), options).dump()).isEqualTo("complete");
        assertThat(run(ResetDevicesTest.POLICY, options).dump()).as("a hot reset")
                .isEqualTo("complete");
    }

    @Test
    void oneThatToleratesAbortsIsProbed() {
        Verdict verdict = run(new DisableReinit(), RunOptions.ofSeed(7)
                .withDeviceOption(RequesterId.parse(RAID), "wedgesOnAbort", 0));
        assertThat(verdict.driversFailed()).isEmpty();
    }

    /** A policy whose machine has the gates of its root ports open, as firmware leaves some. */
    private record Gates(HandoverPolicy policy, int deviceControl, int rootControl)
            implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            var steps = new ArrayList<Step>(policy.decide(event, view, notes));
            if (event.equals(new PhaseStart(Phase.RUNNING))) {
                for (int port : ROOT_PORTS) {
                    steps.add(new Step.WriteConfig(port, DEVICE_CONTROL, 2, deviceControl));
                    steps.add(new Step.WriteConfig(port, ROOT_CONTROL, 2, rootControl));
                }
            }
            return steps;
        }
    }

    /** Gives the unit empty tables while it goes on translating: nothing ever goes out raw. */
    private static List<Step> block(HandoverEvent event, HandoverView view) {
        return event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING)) ? TakeOver.interrupts(view)
                : event.equals(new PhaseStart(Phase.DMA_REMAPPING))
                        ? List.of(new Step.StartClean(0)) : List.of();
    }

    /** Blocked writes that the root port hears of end the machine where every gate is open. */
    @ParameterizedTest
    @CsvSource({"0xa, 2, 1, hung", "0xa, 0, 1, ok", "2, 2, 1, ok", "0xa, 2, 0, ok",
        "0, 0, 2, hung"})
    void openGatesEndTheMachineAndClosedOnesDoNot(String deviceControl, int rootControl,
            long report, String captureKernel) {
        Verdict verdict = run(new Gates((event, view, notes) -> block(event, view),
                Integer.decode(deviceControl), rootControl), WITHOUT_SERVICES.withHardware(
                        new HardwareChoice("spec", Map.of("vtd.blockedWriteReport", report))));
        assertThat(verdict.untranslatedDma().requests()).isZero();
        assertThat(verdict.faults().requests()).isPositive();
        assertThat(verdict.captureKernel()).isEqualTo(captureKernel);
        assertThat(verdict.errors().isEmpty()).isEqualTo(captureKernel.equals("ok"));
        assertThat(verdict.reasons().stream().anyMatch(r -> r.startsWith("NMI: PCI system error")))
                .isEqualTo(captureKernel.equals("hung"));
    }

    /** Writes that nobody claims are the root port's to report, whatever the unit is set to. */
    @Test
    void rawWritesToNowhereEndItToo() {
        Verdict verdict = run(new Gates(new LeaveDisabled(), 0xa, 2), WITHOUT_SERVICES);
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.untranslatedDma().landed().nothing()).isPositive();
    }

    /** An old mapping leads away from the crash range, whose addresses the capture kernel uses. */
    @Test
    void whatTheCaptureKernelsOwnDeviceWritesAstrayHasACauseToo() throws LabException {
        RunOptions options = RunOptions.ofSeed(7);
        assertThat(run(Fixture.identityMap(), options).dumpBytesStray()).isPositive();
        Why why = new Runner(server(), Fixture.ALL_MODELS, options).why(
                () -> Fixture.session(Fixture.identityMap()), WhyQuestion.parse("stray"));
        assertThat(why.chain()).anyMatch(link -> link.facts().containsValue(
                "asked by the capture kernel's driver") || link.facts().toString()
                        .contains("capture kernel's driver"));
        assertThat(why.chain().get(why.chain().size() - 1).event())
                .isEqualTo("had written that entry before the run began");
    }
}
