// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;

/** A machine of which every page of RAM and ROM is in the dump, tables and buffers alike. */
class WholeDumpTest {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(7);
    private static final byte FILLING = 0x5a;

    /** The tables of a capture, and between them pages that nobody captured, filled. */
    private record Whole(List<AddressRange> ranges, MemoryImage tables) implements MemoryImage {

        @Override
        public void read(long address, byte[] to, int offset, int bytes) throws IOException {
            Arrays.fill(to, offset, offset + bytes, FILLING);
            for (AddressRange range : tables.ranges()) {
                long start = Math.max(address, range.start());
                long end = Math.min(address + bytes, range.end());
                if (start < end) {
                    tables.read(start, to, offset + (int) (start - address), (int) (end - start));
                }
            }
        }
    }

    private static Runner runner() {
        MachineDescription d = Fixture.machine("vtd1");
        List<AddressRange> ram = Stream.of(MemoryKind.SYSTEM_RAM, MemoryKind.ROM)
                .flatMap(kind -> d.memoryMap().ranges(kind).stream())
                .sorted(Comparator.comparingLong(AddressRange::start))
                .filter(r -> (r.start() + 4095 & -4096) < (r.end() & -4096))
                .map(r -> new AddressRange(r.start() + 4095 & -4096, r.end() & -4096)).toList();
        return Fixture.runner(new MachineDescription(d.name(), d.source(), d.memoryMap(), null,
                d.units(), d.functions(), new Whole(ram, d.image()), d.kernelRelease(),
                d.commandLine(), d.captureCommandLine(), d.remarks()), OPTIONS);
    }

    @Test
    void keepsItsEnginesBusyAndHasNothingThatIsMadeUp() {
        Runner runner = runner();
        Verdict verdict = Fixture.crash(runner, Fixture.session(new DisableReinit()), false,
                FaultInjection.NONE)
                .verdict();

        assertThat(runner.scenario().loads()).hasSizeGreaterThan(3);
        assertThat(runner.scenario().assumptions())
                .anyMatch(a -> a.contains("stands for the capture kernel"))
                .anyMatch(a -> a.contains("nearly all of memory is captured"));
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.untranslatedDma().requests()).isPositive();
        assertThat(verdict.syntheticBytesUsed()).isZero();
    }

    @Test
    void isDumpedWholeAfterACleanHandOver() {
        Verdict verdict = Fixture.crash(runner(), Fixture.session(new CopyTables()), false,
                FaultInjection.NONE)
                .verdict();

        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
        assertThat(verdict.lateLegitimateBytes()).isPositive();
    }

    @Test
    void aPageOfAnySizeThatTablesNameReachesNoFurtherThanMemory() throws Exception {
        MachineDescription machine = Fixture.machine("vtd1");
        var survey = new MappedPages(machine, Runner.loaded(machine, 1));
        survey.of(0).mapping(8, 1, 0, 0x1000, 1L << 63, 3);
        survey.of(0).structure(PhysicalMemory.MAX_BYTES - 1, 2);

        assertThat(survey.reachedFrames().get(0)).isFalse();
        assertThat(survey.reachedFrames().length())
                .isEqualTo((int) (PhysicalMemory.MAX_BYTES >>> 12));
        assertThat(survey.reachedFrames().get(1)).isTrue();
    }

    @Test
    void leavesTheUnitsTablesToThemselves() {
        Runner runner = runner();
        Scenario scenario = runner.scenario();
        List<AddressRange> tables = Fixture.machine("vtd1").image().ranges();

        assertThat(tables).noneMatch(t -> scenario.reservation().overlaps(t));
        scenario.loads().values().forEach(load -> load.writable().forEach(buffer ->
                assertThat(tables).noneMatch(t -> t.contains(buffer.physicalAddress()))));
    }
}
