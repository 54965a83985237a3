// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Medium;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Media are maps from positions to bytes, however much is on them. */
class MediaStoreTest {

    private static final int DISK = 0x100;

    private record Place(int function, Medium medium, long position) { }

    private final MediaStore media = new MediaStore();

    @BeforeEach
    void keep() {
        media.keep();
    }

    private static byte[] bytes(RandomStream random, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) random.nextLong();
        }
        return bytes;
    }

    private static Place place(RandomStream random, int positions) {
        return new Place(DISK + random.nextInt(3), Medium.values()[random.nextInt(2)],
                random.oneIn(20) ? -random.nextInt(5) : random.nextInt(positions));
    }

    private void put(Place place, byte[] bytes) {
        media.put(place.function, place.medium, place.position, bytes, 0, bytes.length);
    }

    private byte[] get(Place place, int count) {
        byte[] found = new byte[count];
        media.get(place.function, place.medium, place.position, found, 0, count);
        return found;
    }

    private boolean holds(Place place, byte[] expected) {
        return media.holds(place.function, place.medium, place.position, expected);
    }

    @Seeds
    void eachPositionHoldsWhatWasPutThereLast(long seed) {
        var random = new RandomStream(seed, "media");
        int positions = 1 + random.nextInt(600);
        for (int round = 0; round < 3; round++) {
            Map<Place, byte[]> model = new HashMap<>();
            for (int i = 0; i < 2000; i++) {
                Place place = place(random, positions);
                byte[] bytes = bytes(random, random.nextInt(80));
                put(place, bytes);
                model.put(place, bytes);
                Place other = place(random, positions);
                byte[] there = model.getOrDefault(other, new byte[0]);
                assertThat(get(other, 100)).isEqualTo(Arrays.copyOf(there, 100));
                assertThat(holds(other, there)).isEqualTo(model.containsKey(other));
            }
            model.forEach((place, bytes) -> assertThat(holds(place, bytes)).isTrue());
            media.clear();
            assertThat(model.keySet()).noneMatch(place -> holds(place, new byte[0]));
            media.keep();
        }
    }

    @Test
    void shorterLongerAndShorterAgain() {
        var random = new RandomStream(1, "lengths");
        var place = new Place(DISK, Medium.BLOCKS, 7);
        var beside = new Place(DISK, Medium.BLOCKS, 8);
        byte[] neighbour = bytes(random, 64);
        for (int count : new int[] {16, 4, 64, 0, 65, 1, 4096, 8}) {
            byte[] bytes = bytes(random, count);
            put(place, bytes);
            put(beside, neighbour);
            assertThat(holds(place, bytes)).as("%d bytes", count).isTrue();
            assertThat(holds(place, Arrays.copyOf(bytes, count + 1))).isFalse();
            assertThat(holds(beside, neighbour)).isTrue();
        }
    }

    @Test
    void lessOrMoreIsReadThanThereIs() {
        var place = new Place(DISK, Medium.FRAMES, 1);
        put(place, new byte[] {1, 2, 3, 4});
        byte[] to = {9, 9, 9, 9, 9, 9, 9};
        media.get(DISK, Medium.FRAMES, 1, to, 1, 2);
        assertThat(to).containsExactly(9, 1, 2, 9, 9, 9, 9);
        media.get(DISK, Medium.FRAMES, 1, to, 2, 5);
        assertThat(to).containsExactly(9, 1, 1, 2, 3, 4, 9);
        media.get(DISK, Medium.BLOCKS, 1, to, 0, 7);
        assertThat(to).as("another medium").containsExactly(9, 1, 1, 2, 3, 4, 9);
    }

    @Test
    void partOfAnArrayIsKeptAndLaterChangesOfItAreNot() {
        byte[] from = {0, 1, 2, 3};
        media.put(DISK, Medium.BLOCKS, 3, from, 1, 2);
        Arrays.fill(from, (byte) 7);
        assertThat(holds(new Place(DISK, Medium.BLOCKS, 3), new byte[] {1, 2})).isTrue();
    }

    @Test
    void beforeItIsToldToNothingIsKept() {
        var place = new Place(DISK, Medium.BLOCKS, 1);
        media.clear();
        put(place, new byte[] {1});
        assertThat(holds(place, new byte[] {1})).isFalse();
        media.keep();
        assertThat(get(place, 1)).containsExactly(0);
        put(place, new byte[] {2});
        assertThat(holds(place, new byte[] {2})).isTrue();
    }

    @Test
    void nothingWrittenIsNotTheSameAsNothing() {
        var place = new Place(DISK, Medium.BLOCKS, 1);
        assertThat(holds(place, new byte[0])).isFalse();
        put(place, new byte[0]);
        assertThat(holds(place, new byte[0])).isTrue();
    }
}
