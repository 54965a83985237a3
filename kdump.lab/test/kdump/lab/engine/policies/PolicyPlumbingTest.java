// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.policies;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.Crash;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.FaultInjection;
import org.junit.jupiter.api.Test;

/** What a policy is asked, what it may see, and what becomes of its steps. */
class PolicyPlumbingTest {

    private static final RunOptions IDLE = RunOptions.ofSeed(3).withRateFactor(0);

    private static Crash run(HandoverPolicy policy) {
        return run(policy, IDLE);
    }

    private static Crash run(HandoverPolicy policy, RunOptions options) {
        return Fixture.crash("vtd1", policy, options, FaultInjection.NONE);
    }

    @Test
    void isAskedAtEachPhaseAndAroundEachProbe() {
        List<String> asked = new ArrayList<>();
        run((event, view, notes) -> {
            asked.add(event instanceof PhaseStart p ? p.phase().label() : event.toString());
            return List.of();
        });

        assertThat(asked.stream().filter(a -> a.startsWith("T")))
                .containsExactly("T0", "T1", "T2", "T3", "T4", "T5a", "T5b", "T6", "T7", "T8");
        int probe = asked.indexOf("ProbeStart[requester=250]");
        assertThat(asked.get(probe + 1)).startsWith("ProbeEnd[requester=250");
    }

    @Test
    void theFirstMappingOfAFunctionIsAnEventOfItsOwn() {
        List<Integer> mapped = new ArrayList<>();
        run((event, view, notes) -> {
            if (event instanceof HandoverEvent.FirstMap first) {
                mapped.add(first.requester());
            }
            return event.equals(new PhaseStart(Phase.DMA_REMAPPING))
                    ? List.of(new Step.AdoptTables(0, AdoptDepth.CONTEXTS)) : List.of();
        }, IDLE.withDeviceOption(RequesterId.parse("06:01.0"), DeviceContext.OPENS_INTERFACE, 1));

        assertThat(mapped).doesNotHaveDuplicates()
                .contains(RequesterId.parse("00:1f.2"), RequesterId.parse("06:01.0"));
    }

    @Test
    void theViewIsDeadAfterTheCall() {
        List<HandoverView> kept = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        run((event, view, notes) -> {
            if (!kept.isEmpty()) {
                try {
                    kept.get(0).phase();
                } catch (IllegalStateException e) {
                    refused.add(e.getMessage());
                }
            }
            kept.add(view);
            return List.of();
        });

        assertThat(refused).hasSize(kept.size() - 1).allMatch(m -> m.contains("dead"));
    }

    @Test
    void aPolicyThatReadsForEverEndsTheRunAndNotTheLab() {
        Verdict verdict = run((event, view, notes) -> {
            while (true) {
                view.readRegister(0, 0, 4);
            }
        }).verdict();

        assertThat(verdict.captureKernel()).isEqualTo("broken at T0");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.reboot()).isEqualTo("not reached");
        assertThat(verdict.reasons()).anyMatch(r -> r.contains("reads in one call"));
    }

    @Test
    void notesLastFromPhaseToPhase() {
        List<byte[]> found = new ArrayList<>();
        run((event, view, notes) -> {
            if (event.equals(new PhaseStart(Phase.RUNNING))) {
                notes.put("list", 2, new byte[] {1, 2, 3});
                notes.put("other", 1, new byte[100]);
            } else if (event.equals(new PhaseStart(Phase.DUMP))) {
                found.add(notes.get("list", 2));
                found.add(notes.get("list", 1));
                found.add(notes.get("none", 1));
            }
            return List.of();
        });

        assertThat(found.get(0)).containsExactly(1, 2, 3);
        assertThat(found.get(1)).as("another version").isNull();
        assertThat(found.get(2)).isNull();
    }

    @Test
    void notesThatWereOverwrittenInMemoryAreLost() {
        List<byte[]> found = new ArrayList<>();
        run((event, view, notes) -> {
            long at = view.crashReservation().end() - HandoverNotes.MAX_BYTES;
            if (event.equals(new PhaseStart(Phase.RUNNING))) {
                notes.put("list", 2, new byte[] {1, 2, 3});
            } else if (event.equals(new PhaseStart(Phase.SETUP_ARCH))) {
                return List.of(new Step.WriteMemory(at, 0));
            } else if (event.equals(new PhaseStart(Phase.DUMP))) {
                found.add(notes.get("list", 2));
            }
            return List.of();
        });

        assertThat(found).containsOnlyNulls().hasSize(1);
    }

    @Test
    void aRefusedStepIsToldWithItsReasonAndDropsTheStepsBehindIt() {
        List<String> reasons = new ArrayList<>();
        Crash crash = run((event, view, notes) -> {
            if (event instanceof StepRefused refused) {
                reasons.add(refused.reason());
                return List.of();
            }
            return event.equals(new PhaseStart(Phase.SETUP_ARCH))
                    ? List.of(new Step.WriteMemory(0xffff_ffff_0000L, 1), new Step.Print("never"))
                    : List.of();
        });

        assertThat(reasons).containsExactly("no memory at 0xffffffff0000");
        assertThat(crash.timeline()).extracting(TimelineEntry::text).doesNotContain("never");
    }

    @Test
    void aPolicyThatAnswersRefusalsWithRefusedStepsIsCutOff() {
        List<HandoverEvent> refusals = new ArrayList<>();
        run((event, view, notes) -> {
            if (event instanceof StepRefused) {
                refusals.add(event);
            }
            return event instanceof StepRefused
                    || event.equals(new PhaseStart(Phase.SETUP_ARCH))
                            ? List.of(new Step.DisableTranslation(5)) : List.of();
        });

        assertThat(refusals).hasSize(8);
    }

    @Test
    void configWritesReachTheFunction() {
        int nvme = RequesterId.parse("02:00.0");
        List<Integer> commands = new ArrayList<>();
        run((event, view, notes) -> {
            if (event.equals(new PhaseStart(Phase.SETUP_ARCH))) {
                return List.of(new Step.WriteConfig(nvme, 4, 2, 0));
            }
            if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
                commands.add(view.readConfig(nvme, 4, 2));
            }
            return List.of();
        });

        assertThat(commands).containsExactly(0);
    }

    @Test
    void sleepingCostsVirtualTime() {
        Crash crash = run((event, view, notes) -> event.equals(new PhaseStart(Phase.SETUP_ARCH))
                ? List.of(new Step.Sleep(5_000_000), new Step.Print("awake")) : List.of());

        TimelineEntry awake = crash.timeline().stream().filter(e -> e.text().equals("awake"))
                .findFirst().orElseThrow();
        assertThat(awake.nanosSinceCrash()).isEqualTo(10_451_000_000L);
    }

    @Test
    void aPolicyThatDoesNothingLeavesTheOldTablesToTheDrivers() {
        Verdict verdict = run((event, view, notes) -> List.of()).verdict();

        // nobody maps the capture kernel's buffers: the old tables block its own devices
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.driversFailed()).isNotEmpty();
        assertThat(verdict.reasons()).anyMatch(r -> r.contains("own device"));
    }

    /** All that a kernel does in passes, over a unit that was left on. */
    @Test
    void stepsInPartsAreDoneTimedAndTraced() {
        Crash crash = run((event, view, notes) -> {
            if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
                assertThat(view.servesAllOthers(0)).as("QEMU names them").isFalse();
                assertThat(view.unitOf(RequesterId.parse("02:00.0"))).isZero();
                assertThat(view.firmware(0)).isEqualTo(FirmwareFlags.USUAL);
                return List.of(new Step.SetInterruptTable(0, false), new Step.EnableInterrupts(0));
            }
            return event.equals(new PhaseStart(Phase.DMA_REMAPPING))
                    ? List.of(new Step.DisableTranslation(0), new Step.AllocateTables(0),
                            new Step.SetTables(0), new Step.ProbeFunctions(0),
                            new Step.Print("found"), new Step.EnableTranslation(0))
                    : List.of();
        });

        assertThat(crash.verdict().dump()).as(crash.verdict().reasons().toString())
                .isEqualTo("complete");
        long off = at(crash, "unit 0: translation off");
        long on = at(crash, "unit 0: translation on");
        assertThat(at(crash, "found")).as("functions are found while it is off")
                .isBetween(off + 10_000_000, on);
    }

    private static long at(Crash crash, String text) {
        return crash.timeline().stream().filter(e -> e.text().equals(text)).findFirst()
                .orElseThrow().nanosSinceCrash();
    }

    @Test
    void partsOutOfTheirOrderAreRefused() {
        List<String> reasons = new ArrayList<>();
        run((event, view, notes) -> {
            if (event instanceof StepRefused refused) {
                reasons.add(refused.reason());
                return List.of();
            }
            return event.equals(new PhaseStart(Phase.DMA_REMAPPING))
                    ? List.of(new Step.EnableTranslation(0)) : List.of();
        });
        assertThat(reasons).containsExactly("dmar0 has no tables of this kernel");
    }
}
