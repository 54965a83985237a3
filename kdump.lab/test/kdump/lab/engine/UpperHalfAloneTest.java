// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.KernelVersion;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copypagetables.CopyPageTables;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A machine in scalable mode with a bus of which only the upper half is populated: the context
 * table that such a bus has is copied into the wrong half of its root entry by kernels up to 7.2.
 *
 * <p>Source: "iommu/vt-d: Fix UCTP context table slot when copying root entries", 2026.
 */
class UpperHalfAloneTest {

    private static final int LOWER = 0x0100;
    private static final int UPPER = 0x0180;
    private static final int BUS = 1;

    /** The captured bytes, but for one root entry with its halves exchanged. */
    private record Exchanged(MemoryImage captured, long rootEntry) implements MemoryImage {

        @Override
        public List<AddressRange> ranges() {
            return captured.ranges();
        }

        @Override
        public void read(long address, byte[] to, int offset, int bytes) throws IOException {
            captured.read(address, to, offset, bytes);
            byte[] entry = new byte[16];
            captured.read(rootEntry, entry, 0, 16);
            for (int i = 0; i < 16; i++) {
                long at = rootEntry + i - address;
                if (at >= 0 && at < bytes) {
                    to[offset + (int) at] = entry[i + 8 & 15];
                }
            }
        }
    }

    /** Puts the function 01:00.0 of vtdsm1 to 01:10.0, in config space and in the tables. */
    private static MachineDescription machine() {
        MachineDescription d = Fixture.machine("vtdsm1");
        long root = d.units().get(0).profile().registers().get(0x20) & -4096L;
        List<FunctionConfig> functions = d.functions().stream().map(f ->
                f.requesterId() == LOWER ? new FunctionConfig(UPPER, f.config()) : f).toList();
        return new MachineDescription("upper-half", d.source(), d.memoryMap(),
                d.crashReservation(), d.units(), functions,
                new Exchanged(d.image(), root + 16L * BUS), d.kernelRelease(), d.commandLine(),
                d.captureCommandLine(), d.remarks());
    }

    /** Kernels that set up the entry of a bridge's alias, too, so that its function works. */
    private static RunOptions options(String kernel) {
        return RunOptions.ofSeed(7).withKernels(new KernelChoice(null,
                KernelVersion.parse(kernel), Map.of("vtd.setsUpAliases", 1L)));
    }

    @ParameterizedTest
    @CsvSource({"6.1", "7.2"})
    void itsDeviceFaultsFromTheCopyOnUntilItsDriverProbes(String kernel) {
        Runner runner = Fixture.runner(machine(), options(kernel));
        assertThat(runner.scenario().loads()).containsKey(UPPER);
        Crash crash = Fixture.crash(runner, Fixture.session(new CopyTables()), true,
                FaultInjection.NONE);

        assertThat(crash.verdict().faults().byReason()).containsOnlyKeys("vtd:0x39");
        assertThat(crash.verdict().faults().byRequester()).containsOnlyKeys("0000:01:10.0");
        assertThat(crash.timeline()).filteredOn(e -> e.what().equals("fault"))
                .extracting(TimelineEntry::phase).containsOnly("T6");
        assertThat(crash.timeline()).extracting(TimelineEntry::text).anyMatch(t -> t.matches(
                "DMAR: \\[DMA (Read|Write) NO_PASID\\] Request device \\[01:10\\.0\\] fault addr"
                        + " 0x[0-9a-f]+ \\[fault reason 0x39\\]"
                        + " SM: Present bit in Root Entry is clear"));
        assertThat(crash.verdict().dump()).as("saved all the same").isEqualTo("complete");
    }

    @ParameterizedTest
    @CsvSource({"7.3", "7.4"})
    void mendedKernelsKeepItsHalf(String kernel) {
        var verdict = Fixture.crash(Fixture.runner(machine(), options(kernel)),
                Fixture.session(new CopyTables()), false, FaultInjection.NONE).verdict();

        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
    }

    @Test
    void theProposalToCopyPageTablesIsNotMadeWithThatMistake() {
        var verdict = Fixture.crash(Fixture.runner(machine(), options("6.1")),
                Fixture.session(new CopyPageTables()), false, FaultInjection.NONE).verdict();

        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
    }
}
