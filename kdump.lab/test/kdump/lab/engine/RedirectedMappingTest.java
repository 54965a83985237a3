// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Verdicts when the old page tables are tampered with after the crash: what devices then write or
 * read elsewhere must be found, and named, by the checkers alone.
 */
class RedirectedMappingTest {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(7);

    private Runner runner;
    private Map<Long, Long> leafOfPage;
    private long reservation;
    private long freePage;

    /** Points leaf entries to another page at one phase; otherwise copies tables. */
    private record Tamper(Phase when, Map<Long, Long> leaves, long target)
            implements HandoverPolicy {
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            if (!event.equals(new PhaseStart(when))) {
                return new CopyTables().decide(event, view, notes);
            }
            var steps = new ArrayList<Step>();
            leaves.forEach((page, leaf) -> steps.add(new Step.WriteMemory(leaf, target | 3)));
            return steps;
        }
    }

    @BeforeEach
    void findTheLeavesOfAllBuffersOfBusyEngines() throws Exception {
        runner = Fixture.runner(Fixture.machine("vtd1"), OPTIONS);
        Scenario b = runner.scenario();
        reservation = b.reservation().start();
        PhysicalMemory memory = Runner.loaded(b.description(), OPTIONS.seed());
        RemappingUnit unit = Fixture.SERVICES.vendor("vtd")
                .unit(b.description().units().get(0).profile(), memory);
        leafOfPage = new TreeMap<>();
        for (var load : b.loads().entrySet()) {
            for (DmaBuffer buffer : buffers(load.getValue())) {
                long[] last = new long[1];
                unit.explain(alias(load.getKey()), buffer.iova(), Access.READ,
                        (structure, address, words, fields, decision) -> last[0] = address);
                leafOfPage.put(buffer.physicalAddress(), last[0]);
            }
        }
        freePage = (long) b.usedFrames().nextClearBit(0x2000) << 12;
        assertThat(leafOfPage).isNotEmpty();
    }

    private static List<DmaBuffer> buffers(Workload load) {
        return load.writable();
    }

    /** 06:01.0 travels as 06:00.0; the others as themselves. */
    static int alias(int requester) {
        return requester == 0x608 ? 0x600 : requester;
    }

    private Verdict tamper(Phase when, long target) {
        return Fixture.crash(runner, Fixture.session(new Tamper(when, leafOfPage, target)), false,
                FaultInjection.NONE).verdict();
    }

    @Test
    void writesThatLandOnAnotherPageOfOldMemoryAreStrayAndCorruptTheDump() {
        Verdict verdict = tamper(Phase.SETUP_ARCH, freePage);

        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("corrupt");
        assertThat(verdict.dumpBytesStray()).isBetween(1L, 4096L);
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.reasons()).anyMatch(
                r -> r.startsWith("old memory's byte at 0x" + Long.toHexString(freePage >>> 12)));
    }

    @Test
    void readsFromAnotherPageReachTheMediumWrong() {
        Verdict verdict = tamper(Phase.SETUP_ARCH, freePage);

        assertThat(verdict.mediaBlocksWrong() + verdict.framesWrong()).isPositive();
    }

    @Test
    void tamperingChangesOldMemoryAndIsCountedAsTheHandOversDoing() {
        Verdict verdict = tamper(Phase.SETUP_ARCH, freePage);

        assertThat(verdict.oldMemoryBytesChanged())
                .isBetween((long) leafOfPage.size(), 8L * leafOfPage.size());
    }

    @Test
    void writesIntoTheImageAfterPurgatoryCorruptTheCaptureKernel() {
        Verdict verdict = tamper(Phase.SETUP_ARCH, reservation + 0x10000);

        assertThat(verdict.captureKernel()).isEqualTo("corrupted");
        assertThat(verdict.reasons()).anyMatch(r -> r.startsWith("capture kernel's byte at 0x"));
    }

    @Test
    void writesIntoTheImageBeforePurgatoryAreFoundByItsDigest() {
        Verdict verdict = tamper(Phase.CRASH, reservation + 0x10000);

        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.reasons()).contains(
                "purgatory: digest of the loaded segments differs");
    }

    @Test
    void writesIntoFreeMemoryOfTheCaptureKernelAreReportedAndDoNoHarm() {
        Verdict verdict = tamper(Phase.SETUP_ARCH,
                runner.scenario().reservation().end() - (1 << 20));

        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.reasons())
                .anyMatch(r -> r.contains("free memory of the capture kernel"));
    }

    @Test
    void aMappingIntoAHoleIsAnsweredUnsupportedRequestAndHurtsNobody() {
        Verdict verdict = tamper(Phase.SETUP_ARCH, 0x0d00_0000L);

        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.serr()).as("the root ports' gates are closed").isFalse();
    }
}
