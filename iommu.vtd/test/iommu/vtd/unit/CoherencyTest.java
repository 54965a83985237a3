// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Units that see old bytes of tables: until a flush, or until the write buffer is drained. */
class CoherencyTest {

    private static final long IOVA = 0x7000L;
    private static final long OLD = 0x45_6000L;
    private static final long NEW = 0x45_7000L;

    private Bench bench;
    private long table;

    private void use(long cap, long ecap, Map<String, Long> settings) {
        bench = Bench.legacy(cap, ecap, settings);
        table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, OLD, 3);
    }

    private void processorWrites(long at, long value) {
        bench.memory.byProcessor(true);
        bench.memory.write64(at, value);
        bench.memory.byProcessor(false);
    }

    private long leaf() {
        return bench.entry(table, 4, IOVA, 1);
    }

    private long seen() {
        bench.invalidateIotlb();
        long t = bench.read(IOVA);
        assertThat(bench.unit.explain(Bench.DEVICE, IOVA, 1, WalkListener.NONE)).isEqualTo(t);
        return Translation.isBlocked(t) ? -Translation.reason(t) : Translation.address(t);
    }

    @ParameterizedTest(name = "C {0}, snoopsAlways {1}")
    @CsvSource({"0, 0", "1, 0", "0, 1"})
    void aProcessorsWriteIsSeenOnceItIsFlushedOrSnooped(long coherent, long always) {
        use(Bench.CAP, ExtendedCapability.C.with(Bench.ECAP, coherent),
                Map.of("snoopsAlways", always));
        processorWrites(leaf(), NEW | 3);
        assertThat(seen()).isEqualTo(coherent + always == 0 ? OLD : NEW);
        bench.memory.flush(leaf(), 8);
        assertThat(seen()).isEqualTo(NEW);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"context", "root", "table"})
    void soItIsForEveryStructure(String what) {
        use(Bench.CAP, Bench.ECAP, Map.of());
        long at = switch (what) {
            case "context" -> bench.contextEntry(Bench.DEVICE);
            case "root" -> bench.rootEntry(Bench.DEVICE);
            default -> bench.entry(table, 4, IOVA, 3);
        };
        processorWrites(at, 0);
        bench.invalidateContexts();
        assertThat(seen()).isEqualTo(OLD);
        bench.memory.flush(at, 8);
        bench.invalidateContexts();
        assertThat(seen()).isNegative();
    }

    @Test
    void aDevicesWriteIsSeenAtOnceAndTakesTheLineAlong() {
        use(Bench.CAP, Bench.ECAP, Map.of());
        processorWrites(leaf(), NEW | 3);
        bench.memory.write64(leaf() ^ 8, 0);
        assertThat(seen()).isEqualTo(NEW);
    }

    @Test
    void interruptEntriesAreReadInTheSameWay() {
        use(Bench.CAP, Bench.ECAP, Map.of());
        bench.remapInterrupts();
        processorWrites(bench.interruptEntry(0), 1);
        bench.unit.interrupt(Bench.DEVICE, 0xfee0_0018L, 0);
        assertThat(bench.blocked).hasSize(1);
        bench.memory.flush(bench.interruptEntry(0), 16);
        bench.unit.interrupt(Bench.DEVICE, 0xfee0_0018L, 0);
        assertThat(bench.blocked).hasSize(1);
    }

    @Test
    void theQueueIsAlwaysSnooped() {
        use(Bench.CAP, Bench.ECAP, Map.of());
        bench.read(IOVA);
        bench.memory.write64(leaf(), NEW | 3);
        bench.memory.byProcessor(true);
        bench.submit(0x12, 0);
        bench.memory.byProcessor(false);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(NEW);
    }

    @ParameterizedTest(name = "PWSNP {0}")
    @ValueSource(booleans = {false, true})
    void pasidEntriesSayWhetherTheirTablesAreSnooped(boolean snooped) {
        var pasid = PasidBench.secondStage(IOVA, 0, Map.of());
        bench = pasid.bench;
        if (!snooped) {
            pasid.write(1, PasidBench.DOMAIN);
        }
        long at = bench.entry(pasid.second, 4, IOVA, 1);
        processorWrites(at, NEW | 3);
        assertThat(Translation.address(pasid.translate(IOVA, 1)))
                .isEqualTo(snooped ? NEW : PasidBench.PAGE);
        bench.memory.flush(at, 8);
        bench.submit(0x12, 0);
        assertThat(Translation.address(pasid.translate(IOVA, 1))).isEqualTo(NEW);
    }

    // ---- RWBF -----------------------------------------------------------------------------------

    private long unseen() {
        long t = bench.read(IOVA + 0x1000);
        return Translation.isBlocked(t) ? -Translation.reason(t) : Translation.address(t);
    }

    @ParameterizedTest(name = "C {0}, flushed {1}, {2}: seen {3}")
    @CsvSource({"1, false, nothing, false", "1, false, WBF, true", "1, false, invalidation, true",
        "0, false, WBF, false", "0, true, nothing, false", "0, true, WBF, true"})
    void aWriteBufferKeepsAnEntryBackUntilItIsDrained(long coherent, boolean flushed, String then,
            boolean seen) {
        use(Bench.cap(Capability.RWBF, 1), ExtendedCapability.C.with(Bench.ECAP, coherent),
                Map.of());
        long at = bench.entry(table, 4, IOVA + 0x1000, 1);
        processorWrites(at, NEW | 3);
        if (flushed) {
            bench.memory.flush(at, 8);
        }
        if (then.equals("WBF")) {
            bench.command(GlobalCommand.WBF.mask());
        } else if (then.equals("invalidation")) {
            bench.submit(0x80022, 0);
        }
        assertThat(unseen()).isEqualTo(seen ? NEW : -6);
    }
}
