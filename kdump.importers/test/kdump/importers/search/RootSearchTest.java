// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.sim.RandomStream;
import java.io.IOException;
import java.util.List;
import kdump.importers.Bounded;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RootSearchTest {

    private static final long SEED = Long.getLong("lab.seed", 1);
    private static final long SECOND_LEVEL = 2 << 6 | 2 << 2 | 1;

    private final TableBytes memory = new TableBytes(SEED);

    @Test
    void noiseHoldsNoRootTable() throws IOException {
        RootSearch search = memory.search();
        assertThat(search.pages()).isEqualTo(1024);
        assertThat(search.verified()).isEmpty();
    }

    @Test
    void aLegacyTableIsFound() throws IOException {
        long root = memory.legacyRoot(300);
        RootCandidate found = memory.search().verified().get(0);
        assertThat(found).isEqualTo(
                new RootCandidate(root, false, List.of(0x10), 0, 300, 300));
        assertThat(found.evidence()).isEqualTo("0x" + Long.toHexString(root)
                + " (legacy mode, 1 contexts, 300 mappings, 300 of them to RAM)");
    }

    @Test
    void aScalableTableIsFoundByItsUpperHalf() throws IOException {
        long root = memory.scalableRoot(memory.tables(4, 40) | SECOND_LEVEL, 0);
        assertThat(memory.search().verified()).containsExactly(
                new RootCandidate(root, true, List.of(0xfa), 0, 40, 40));
    }

    @Test
    void firstLevelTablesCountToo() throws IOException {
        long root = memory.scalableRoot(1 << 6 | 1, memory.tables(4, 9) | 1);
        assertThat(memory.search().verified()).containsExactly(
                new RootCandidate(root, true, List.of(0xfa), 0, 9, 9));
    }

    @Test
    void passThroughNeedsNoTables() throws IOException {
        long root = memory.scalableRoot(4 << 6 | 2 << 2 | 1, 0);
        assertThat(memory.search().verified().get(0).address()).isEqualTo(root);
        TableBytes other = new TableBytes(SEED);
        long context = other.page();
        long legacy = other.page();
        other.put(context, 9, 0x102).put(legacy + 16 * 7, context | 1);
        assertThat(other.search().verified()).containsExactly(
                new RootCandidate(legacy, false, List.of(0x700), 0, 0, 0));
    }

    @Test
    void mostMappingsComeFirst() throws IOException {
        long small = memory.legacyRoot(10);
        long large = memory.legacyRoot(200);
        long middle = memory.legacyRoot(50);
        assertThat(memory.search().verified()).extracting(RootCandidate::address)
                .containsExactly(large, middle, small);
    }

    @Test
    void largePagesAreLeaves() throws IOException {
        long root = memory.legacyRoot(0);
        memory.put(memory.page(), 0);
        RootCandidate before = memory.search().verified().get(0);
        assertThat(before.leaves()).isZero();
        long table = memory.page();
        memory.put(table, 0x200083, 0x83);
        long context = memory.page();
        memory.put(context, table | 1, 1).put(root + 16, context | 1);
        assertThat(memory.search().verified().get(0).leaves()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x2, 0x10, 0x800, 1L << 52, 1L << 63})
    void aReservedBitInARootEntryTellsOtherMemory(long bit) throws IOException {
        long root = memory.legacyRoot(5);
        byte[] entry = new byte[8];
        memory.read(root, entry, 0, 8);
        memory.put(root, Pages.word(entry, 0) | bit);
        assertThat(memory.search().verified()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {0x500, 0x503 | 1 << 7, 0x504, 0x502 | 1 << 24})
    void anUpperHalfNoContextHasTellsOtherMemory(long upper) throws IOException {
        long root = memory.legacyRoot(5);
        byte[] entry = new byte[8];
        memory.read(root, entry, 0, 8);
        memory.put((Pages.word(entry, 0) & -4096) + 16 * 16 + 8, upper);
        assertThat(memory.search().verified()).isEmpty();
    }

    @Test
    void tablesThatLeadNowhereOrMostlyOutsideRamAreNone() throws IOException {
        long context = memory.page();
        long root = memory.page();
        memory.put(context, 1L << 40 | 1, 0x102).put(root, context | 1);
        assertThat(memory.search().verified()).isEmpty();
        TableBytes other = new TableBytes(SEED);
        other.legacyRoot(300);
        assertThat(RootSearch.in(other, List.of(new AddressRange(0, 0x10000)),
                List.of()).verified())
                .isEmpty();
    }

    @Test
    void pagesThatPointToThemselvesAndEachOtherEndTheSearchInTime() throws IOException {
        RandomStream random = new RandomStream(SEED, "loops");
        for (int page = 0; page < TableBytes.BYTES; page += 4096) {
            for (int at = 0; at < 4096; at += 16) {
                memory.put(page + at, (random.nextLong() & TableBytes.BYTES - 4096) | 1,
                        random.oneIn(2) ? 0 : 0x102);
            }
        }
        Bounded.bySecond(() -> assertThat(memory.search().pages()).isEqualTo(1024));
    }

    @Test
    void damagedPagesArePassedOver() throws IOException {
        memory.legacyRoot(5);
        MemoryImage damaged = new MemoryImage() {
            @Override
            public List<AddressRange> ranges() {
                return memory.ranges();
            }

            @Override
            public void read(long address, byte[] to, int offset, int bytes) throws IOException {
                if (address == 0x100000) {
                    throw new FormatException("dump", 0, "page", "x", "y");
                }
                memory.read(address, to, offset, bytes);
            }
        };
        assertThat(RootSearch.in(damaged, memory.ranges(), List.of()).verified()).hasSize(1);
    }

    @Test
    void halvesOfPagesAreNotLookedAt() throws IOException {
        MemoryImage odd = new MemoryImage() {
            @Override
            public List<AddressRange> ranges() {
                return List.of(new AddressRange(0x800, 0x2800), new AddressRange(0x4001, 0x4fff));
            }

            @Override
            public void read(long address, byte[] to, int offset, int bytes) {
                memory.read(address, to, offset, bytes);
            }
        };
        assertThat(RootSearch.in(odd, odd.ranges(), List.of()).pages()).isEqualTo(1);
    }
}
