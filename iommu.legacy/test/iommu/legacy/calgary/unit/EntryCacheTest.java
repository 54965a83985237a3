// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a PHB has read, beside a map of the slots. */
class EntryCacheTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 256, 1 << 16})
    void anEmptyOneHoldsNothing(int room) {
        var cache = new EntryCache(room);
        for (int index = 0; index < 1 << 20; index += 997) {
            assertThat(cache.holds(index)).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64})
    void anEntryMakesRoomForTheNextOfItsSlotOnly(int room) {
        var cache = new EntryCache(room);
        for (int index = 0; index < room; index++) {
            cache.keep(index, 100 + index);
        }
        cache.keep(3 * room, 7);
        assertThat(cache.holds(0)).isFalse();
        assertThat(cache.holds(3 * room)).isTrue();
        assertThat(cache.entry(3 * room)).isEqualTo(7);
        for (int index = 1; index < room; index++) {
            assertThat(cache.holds(index)).isTrue();
            assertThat(cache.entry(index)).isEqualTo(100 + index);
        }
        cache.drop();
        assertThat(cache.holds(3 * room)).isFalse();
    }

    /** What memory holds meanwhile is nothing to it: an entry stays as it was read. */
    @Seeds(count = 5)
    void itHoldsTheLastOfEachSlot(long seed) {
        var random = new RandomStream(seed, "entry cache");
        int room = 1 << random.nextInt(7);
        var cache = new EntryCache(room);
        Map<Integer, long[]> slots = new HashMap<>();
        for (int step = 0; step < 5000; step++) {
            int index = random.nextInt(1 << 12);
            if (random.oneIn(500)) {
                cache.drop();
                slots.clear();
            } else if (random.oneIn(2)) {
                long entry = random.nextLong();
                cache.keep(index, entry);
                slots.put(index % room, new long[] {index, entry});
            } else {
                long[] slot = slots.get(index % room);
                boolean holds = slot != null && slot[0] == index;
                assertThat(cache.holds(index)).isEqualTo(holds);
                if (holds) {
                    assertThat(cache.entry(index)).isEqualTo(slot[1]);
                }
            }
        }
    }
}
