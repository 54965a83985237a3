// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkRecording;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two units go through the same random edits of their tables, requests and commands. What one is
 * asked to follow before each request is what both then do, stale caches and all, and the one that
 * was asked stays like the other: in its answers, its registers and its memory.
 */
class FollowingPropertyTest {

    private static final int STEPS = 8_000;
    private static final int[] DEVICES = {0x28, 0x30};
    private static final long[] PAGES = {0x1000, 0x2000, 0x20_1000, 0x4000_0000, 0x40_0000_0000L};

    private final List<Fixture> both = new ArrayList<>();
    private final List<Long> places = new ArrayList<>();
    private final List<Long> originals = new ArrayList<>();

    private static Fixture fixture(String setting) {
        var settings = new HashMap<>(Map.of("tlbEntries", 8L, "directoryCacheEntries", 8L,
                "dteCacheEntries", 4L));
        settings.put(setting, setting.equals("front") ? 0L : 1L);
        var made = Fixture.on(settings);
        for (int device : DEVICES) {
            long root = made.domain(device, 5, 4);
            for (long page : PAGES) {
                made.memory.write64(made.entry(root, 4, page, 1), Fixture.leaf(0x123_4000, 3));
            }
            long interrupts = made.page();
            made.memory.write64(made.entryOf(device) + 16, interrupts | 2L << 60 | 3 << 1 | 1);
            for (int i = 0; i < 8; i++) {
                made.memory.write32(interrupts + 4 * i, 1 | i << 16);
            }
        }
        return made;
    }

    private void place(long at, int words) {
        for (int word = 0; word < words; word++) {
            places.add(at + 8L * word);
            originals.add(both.get(0).memory.read64(at + 8L * word));
        }
    }

    private void collect() {
        Fixture b = both.get(0);
        for (int device : DEVICES) {
            place(b.entryOf(device), 3);
            long root = b.memory.read64(b.entryOf(device)) & 0xf_ffff_ffff_f000L;
            place(b.memory.read64(b.entryOf(device) + 16) & 0xf_ffff_ffff_ffc0L, 4);
            for (long page : PAGES) {
                for (int level = 1; level <= 4; level++) {
                    place(b.entry(root, 4, page, level), 1);
                }
            }
        }
    }

    private void edit(RandomStream random) {
        int which = random.nextInt(places.size());
        long value = originals.get(which);
        if (random.oneIn(2)) {
            value ^= 1L << (random.oneIn(2) ? random.nextInt(12) : 12 + random.nextInt(52));
        }
        for (Fixture b : both) {
            b.memory.write64(places.get(which), value);
        }
    }

    private void restore() {
        for (int i = 0; i < places.size(); i++) {
            for (Fixture b : both) {
                b.memory.write64(places.get(i), originals.get(i));
            }
        }
    }

    private void invalidate(RandomStream random) {
        int kind = random.nextInt(4);
        int device = DEVICES[random.nextInt(2)];
        for (Fixture b : both) {
            switch (kind) {
                case 0 -> b.invalidateEntry(device);
                case 1 -> b.invalidateDomain(5);
                case 2 -> b.invalidatePages(5, 0x1000);
                default -> b.invalidateAll();
            }
        }
    }

    private boolean request(RandomStream random) {
        int device = DEVICES[random.nextInt(2)];
        Fixture asked = both.get(0);
        if (random.oneIn(5)) {
            int data = random.nextInt(10) | (random.oneIn(4) ? 4 << 8 : 0);
            long told = asked.unit.followInterrupt(device, 0xfee0_0000L, data,
                    new WalkRecording());
            for (Fixture b : both) {
                assertThat(b.unit.interrupt(device, 0xfee0_0000L, data)).isEqualTo(told);
            }
            return false;
        }
        long address = PAGES[random.nextInt(PAGES.length)] | random.nextInt(0x1000);
        int access = random.oneIn(2) ? Access.READ : Access.WRITE;
        long told = asked.unit.follow(device, -1, address, access, new WalkRecording());
        for (Fixture b : both) {
            assertThat(b.unit.translate(device, address, access)).isEqualTo(told);
        }
        return !Translation.isBlocked(told);
    }

    @ParameterizedTest(name = "setting {0}, seed {1}")
    @CsvSource({"front, 1", "front, 2", "front, 3", "cacheNotPresent, 4", "cacheNotPresent, 5",
        "asQemu, 6", "asQemu, 7"})
    void followingTellsWhatComesAndChangesNothing(String setting, long seed) {
        var random = new RandomStream(seed, "following");
        both.add(fixture(setting));
        both.add(fixture(setting));
        collect();
        int granted = 0;
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(12)) {
                case 0, 1 -> edit(random);
                case 2 -> invalidate(random);
                case 3 -> restore();
                default -> granted += request(random) ? 1 : 0;
            }
            for (Fixture b : both) {
                b.write(AmdViRegisters.EVENT_HEAD, b.read(AmdViRegisters.EVENT_TAIL));
            }
        }
        assertThat(granted).isBetween(STEPS / 10, STEPS * 9 / 10);
        assertThat(both.get(0).blocked).isEqualTo(both.get(1).blocked);
        for (int offset = 0; offset < 0x2100; offset += 8) {
            assertThat(both.get(0).unit.readRegister(offset, 8)).as("register %x", offset)
                    .isEqualTo(both.get(1).unit.readRegister(offset, 8));
        }
        byte[] a = new byte[0x10_0000];
        byte[] b = new byte[0x10_0000];
        both.get(0).memory.read(0x10_0000, a, 0, a.length);
        both.get(1).memory.read(0x10_0000, b, 0, b.length);
        assertThat(a).isEqualTo(b);
    }
}
