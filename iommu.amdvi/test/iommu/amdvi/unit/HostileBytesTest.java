// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tables, commands and registers of any bytes: the unit always answers, with an address, an event
 * code or nothing translated, and what it enumerates is what it would grant.
 */
class HostileBytesTest {

    private static final int DEVICES = 16;
    private static final int TABLES = 6;

    private final Fixture fixture = Fixture.on();
    private final long[] tables = new long[TABLES];

    /** Writes entries that are mostly well-formed and lead to one another, or nowhere. */
    private void fill(RandomStream random) {
        for (int t = 0; t < TABLES; t++) {
            tables[t] = fixture.page();
        }
        for (long table : tables) {
            for (int i = 0; i < 24; i++) {
                fixture.memory.write64(table + random.nextInt(48) * 8L, pageEntry(random));
            }
        }
        for (int device = 0; device < DEVICES; device++) {
            long q0 = tables[random.nextInt(TABLES)] | 1;
            q0 |= random.oneIn(8) ? 0 : DeviceTableEntry.TV.mask();
            q0 |= (long) random.nextInt(4) << 61;
            q0 = DeviceTableEntry.MODE.with(q0, random.nextInt(8));
            if (random.oneIn(6)) {
                q0 ^= 1L << random.nextInt(64);
            }
            fixture.memory.write64(fixture.entryOf(device), q0);
            fixture.memory.write64(fixture.entryOf(device) + 8, random.nextInt(4));
            fixture.memory.write64(fixture.entryOf(device) + 16, random.nextLong());
        }
    }

    private long pageEntry(RandomStream random) {
        if (random.oneIn(5)) {
            return random.nextLong();
        }
        long entry = tables[random.nextInt(TABLES)] | 1 | (long) (1 + random.nextInt(3)) << 61;
        return PageTableEntry.NEXT_LEVEL.with(entry, random.nextInt(8));
    }

    private static long address(RandomStream random) {
        long a = 0;
        for (int level = 1; level <= 6; level++) {
            a |= (long) (random.oneIn(2) ? 0 : random.nextInt(48)) << PageTableEntry.shift(level);
        }
        return a | random.nextInt(4096);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void tablesOfAnyBytesGetAnAnswer(long seed) {
        var random = new RandomStream(seed, "amdvi hostile tables");
        fill(random);
        for (int i = 0; i < 4_000; i++) {
            int device = random.nextInt(DEVICES + 2);
            long address = address(random);
            int access = random.oneIn(2) ? Access.READ : Access.WRITE;
            fixture.invalidateAll();
            long told = fixture.unit.explain(device, address, access, WalkListener.NONE);
            long got = fixture.unit.translate(device, address, access);
            assertThat(got).as("with cold caches").isEqualTo(told);
            assertThat(fixture.unit.translate(device, address, access)).as("out of the caches")
                    .isEqualTo(got);
            if (Translation.isBlocked(got)) {
                assertThat(EventCode.of(Translation.reason(got))).isNotNull();
            }
            fixture.unit.interrupt(device, 0xfee0_0000L, random.nextInt(1 << 16));
        }
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL) % 16).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatIsEnumeratedIsGranted(long seed) {
        var random = new RandomStream(seed, "amdvi hostile enumeration");
        fill(random);
        // Entries that lead to tables of the same level for ever would take too long to tell.
        for (int device = 0; device < DEVICES; device++) {
            long q0 = fixture.memory.read64(fixture.entryOf(device));
            fixture.memory.write64(fixture.entryOf(device),
                    DeviceTableEntry.MODE.with(q0, 1 + random.nextInt(3)));
        }
        Map<Integer, Integer> told = new HashMap<>();
        fixture.unit.mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                if (told.merge(requester, 1, Integer::sum) < 200 && iova >>> 20 != 0xfee) {
                    int wanted = (access & Access.READ) != 0 ? Access.READ : Access.WRITE;
                    assertThat(Translation.address(fixture.unit.explain(requester, iova, wanted,
                            WalkListener.NONE))).isEqualTo(physicalAddress);
                    assertThat(Translation.address(fixture.unit.explain(requester,
                            iova + bytes - 1, wanted, WalkListener.NONE)))
                            .isEqualTo(physicalAddress + bytes - 1);
                }
            }

            @Override
            public void passThrough(int requester, int domainId) {
                assertThat(requester).isNotNegative();
            }
        });
        assertThat(told).as("rows there were").isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void commandsAndRegistersOfAnyBytesEnd(long seed) {
        var random = new RandomStream(seed, "amdvi hostile commands");
        int[] offsets = {0x0, 0x8, 0x10, 0x18, 0x20, 0x28, 0x30, 0x2000, 0x2008, 0x2010, 0x2018,
            0x2020, 0x58};
        for (int i = 0; i < 20_000; i++) {
            switch (random.nextInt(4)) {
                case 0 -> fixture.memory.write64(fixture.commands + random.nextInt(512) * 8L,
                        random.nextLong() & (random.oneIn(2) ? -1L : 0x8fff_ffff_0000_ffffL));
                case 1 -> fixture.write(AmdViRegisters.CMD_TAIL, random.nextInt(256) * 16L);
                case 2 -> fixture.unit.writeRegister(offsets[random.nextInt(offsets.length)],
                        random.oneIn(2) ? 8 : 4, random.nextLong());
                default -> fixture.unit.translate(random.nextInt(256), random.nextLong(), 1);
            }
            if (random.oneIn(50)) {
                fixture.write(AmdViRegisters.DEV_TAB, fixture.table);
                fixture.write(AmdViRegisters.CMD_BUF, fixture.commands | 8L << 56);
                fixture.write(AmdViRegisters.EVENT_LOG, fixture.log | 8L << 56);
                fixture.control(0);
                fixture.control(Fixture.RUNNING);
            }
        }
        long head = fixture.read(AmdViRegisters.CMD_HEAD);
        assertThat(head % 16).isZero();
    }
}
