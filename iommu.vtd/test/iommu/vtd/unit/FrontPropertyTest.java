// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.vtd.Capability;
import iommu.vtd.ContextEntry;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A unit with the front and the quick path before its caches and one without answer alike, whatever
 * is written to tables, registers and the queue between: caches of a few entries, so that they lose
 * some all the time; sources that share domains; pages of two sizes over each other.
 */
class FrontPropertyTest {

    private static final int SOURCES = 10;
    private static final int DOMAINS = 3;
    private static final long[] WINDOWS = {0, 0x20_0000, 0x4000_0000L};

    private Bench with;
    private Bench without;
    private final long[] tables = new long[DOMAINS];
    private final long[][] largeEntries = new long[DOMAINS][WINDOWS.length];
    private final long[][] leafTables = new long[DOMAINS][WINDOWS.length];

    /** With room for every context the front is cleared by other things alone. */
    private static Bench bench(long front, long contexts, boolean protect) {
        var settings = Map.of("front", front, "iotlbEntries", 16L, "contextCacheEntries",
                contexts, "structureCacheEntries", 4L, "protectTranslated", protect ? 1L : 0);
        return Bench.legacy(Capability.PLMR.with(Bench.CAP, 1), Bench.ECAP, settings);
    }

    private void write(Register r, long value) {
        with.write(r, value);
        without.write(r, value);
    }

    private void store(long at, long value) {
        with.memory.write64(at, value);
        without.memory.write64(at, value);
    }

    private static int source(RandomStream random) {
        return 0x100 + random.nextInt(SOURCES) * 8;
    }

    private static long address(RandomStream random) {
        return WINDOWS[random.nextInt(WINDOWS.length)] + random.nextInt(12) * 0x1000L
                + random.nextInt(512) * 8L;
    }

    /** Changes a leaf, or puts a large page in place of the table of leaves, or the table back. */
    private void edit(RandomStream random) {
        int domain = random.nextInt(DOMAINS);
        int window = random.nextInt(WINDOWS.length);
        long at = largeEntries[domain][window];
        switch (random.nextInt(8)) {
            case 0 -> store(at, random.nextInt(8) * 0x20_0000L | 0x80 | random.nextInt(4));
            case 1, 2 -> store(at, leafTables[domain][window] | 3);
            default -> store(leafTables[domain][window] + random.nextInt(12) * 8L,
                    random.nextInt(64) * 0x1000L | random.nextInt(4)
                            | (random.oneIn(9) ? 0xfee0_0000L : 0x100_0000));
        }
    }

    private void makeTables() {
        for (int domain = 0; domain < DOMAINS; domain++) {
            tables[domain] = with.page();
            assertThat(without.page()).isEqualTo(tables[domain]);
            for (int window = 0; window < WINDOWS.length; window++) {
                for (Bench bench : new Bench[] {with, without}) {
                    bench.entry(tables[domain], 4, WINDOWS[window], 1);
                    long at = bench.entry(tables[domain], 4, WINDOWS[window], 2);
                    largeEntries[domain][window] = at;
                    leafTables[domain][window] = bench.memory.read64(at) & ~0xfffL;
                }
            }
        }
        with.contextEntry(0x100);
        without.contextEntry(0x100);
    }

    private void editContext(RandomStream random) {
        int domain = random.nextInt(DOMAINS);
        long at = with.contextEntry(source(random));
        store(at + 8, ContextEntry.DID.with(2, domain + 1));
        store(at, tables[domain] | (random.oneIn(6) ? 2 << 2 : 0) | (random.oneIn(8) ? 0 : 1));
    }

    private void command(RandomStream random) {
        switch (random.nextInt(6)) {
            case 0 -> write(VtdRegisters.CCMD, VtdRegisters.ICC.mask()
                    | 1L + random.nextInt(3) << 61 | (long) source(random) << 16
                    | 1 + random.nextInt(DOMAINS));
            case 1 -> write(VtdRegisters.iotlb(Bench.ECAP), VtdRegisters.IVT.mask()
                    | 1L + random.nextInt(2) << 60 | 1L + random.nextInt(DOMAINS) << 32);
            case 2, 3 -> {
                write(VtdRegisters.iva(Bench.ECAP), address(random) & ~0xfffL
                        | random.nextInt(4) | (random.oneIn(2) ? 1 << 6 : 0));
                write(VtdRegisters.iotlb(Bench.ECAP), VtdRegisters.IVT.mask() | 3L << 60
                        | 1L + random.nextInt(DOMAINS) << 32);
            }
            case 4 -> {
                write(VtdRegisters.PLMLIMIT, random.nextInt(12) * 0x20_0000L);
                write(VtdRegisters.PMEN, random.oneIn(2) ? VtdRegisters.EPM.mask() : 0);
            }
            default -> {
                write(VtdRegisters.GCMD, 0);
                translate(random);
                write(VtdRegisters.GCMD, GlobalCommand.TE.mask());
            }
        }
    }

    private void translate(RandomStream random) {
        int source = source(random);
        long address = address(random);
        int access = random.oneIn(20) ? Access.NONE : 1 + random.nextInt(3);
        for (int again = 0; again < 3; again++) {
            assertThat(with.unit.translate(source, address, access)).as("0x%x, 0x%x, %d", source,
                    address, access).isEqualTo(without.unit.translate(source, address, access));
        }
    }

    /** Without protection of what tables lead to, the quick path is taken too. */
    @ParameterizedTest(name = "{0} contexts cached, protected {1}, seed {2}")
    @CsvSource({"4, true, 1", "4, true, 2", "4, false, 3", "4, false, 4", "256, true, 5",
        "256, true, 6", "256, false, 7", "256, false, 8", "256, false, 9", "256, false, 10"})
    void theFrontChangesNoAnswer(long contexts, boolean protect, long seed) {
        with = bench(1, contexts, protect);
        without = bench(0, contexts, protect);
        var random = new RandomStream(seed, "front");
        makeTables();
        for (int step = 0; step < 20_000; step++) {
            switch (random.nextInt(40)) {
                case 0, 1, 2, 3, 4 -> edit(random);
                case 5 -> editContext(random);
                case 6 -> command(random);
                default -> translate(random);
            }
        }
        assertThat(with.blocked).isEqualTo(without.blocked);
        assertThat(with.blocked.size()).isLessThan(200_000).isPositive();
        assertThat(with.read(VtdRegisters.FSTS)).isEqualTo(without.read(VtdRegisters.FSTS));
    }
}
