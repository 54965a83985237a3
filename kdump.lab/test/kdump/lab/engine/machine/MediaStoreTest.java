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

/** Disks are arrays of bytes, wires are maps from numbers to frames, however much is on them. */
class MediaStoreTest {

    private static final int DISK = 0x100;
    private static final long SEED = 77;

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

    private void put(Place place, byte[] bytes) {
        media.put(place.function, place.medium, SEED, place.position, bytes, 0, bytes.length);
    }

    private byte[] get(Place place, int count) {
        byte[] found = new byte[count];
        media.get(place.function, SEED, place.position, found, 0, count);
        return found;
    }

    private boolean holds(Place place, byte[] expected) {
        return media.holds(place.function, place.medium, place.position, expected);
    }

    @Seeds
    void eachFrameIsThatWhichWasSentLast(long seed) {
        var random = new RandomStream(seed, "frames");
        int positions = 1 + random.nextInt(600);
        for (int round = 0; round < 3; round++) {
            Map<Place, byte[]> model = new HashMap<>();
            for (int i = 0; i < 2000; i++) {
                Place place = new Place(DISK + random.nextInt(3), Medium.FRAMES,
                        random.oneIn(20) ? -random.nextInt(5) : random.nextInt(positions));
                byte[] bytes = bytes(random, random.nextInt(80));
                put(place, bytes);
                model.put(place, bytes);
            }
            model.forEach((place, bytes) -> assertThat(holds(place, bytes)).isTrue());
            media.clear();
            assertThat(model.keySet()).noneMatch(place -> holds(place, new byte[0]));
            media.keep();
        }
    }

    @Seeds
    void aDiskHoldsEachByteThatWasWrittenLast(long seed) {
        var random = new RandomStream(seed, "disk");
        byte[] model = get(new Place(DISK, Medium.BLOCKS, -4), 64 * 512);
        for (int i = 0; i < 200; i++) {
            int sector = random.nextInt(48) - 4;
            byte[] bytes = bytes(random, 512 * (1 + random.nextInt(16)));
            put(new Place(DISK, Medium.BLOCKS, sector), bytes);
            System.arraycopy(bytes, 0, model, 512 * (sector + 4), bytes.length);
            put(new Place(DISK + 1, Medium.BLOCKS, sector), bytes(random, 512));
            int from = random.nextInt(60) - 4;
            int count = 512 * (1 + random.nextInt(60 - from - 4));
            assertThat(get(new Place(DISK, Medium.BLOCKS, from), count))
                    .isEqualTo(Arrays.copyOfRange(model, 512 * (from + 4),
                            512 * (from + 4) + count));
        }
    }

    @Test
    void whatNobodyHasWrittenIsThereAndStaysTheSame() {
        byte[] whole = get(new Place(DISK, Medium.BLOCKS, 0), 4096);
        assertThat(get(new Place(DISK, Medium.BLOCKS, 3), 512))
                .isEqualTo(Arrays.copyOfRange(whole, 3 * 512, 4 * 512));
        assertThat(holds(new Place(DISK, Medium.BLOCKS, 0), whole)).as("never written").isFalse();
        put(new Place(DISK, Medium.BLOCKS, 3), new byte[512]);
        byte[] after = get(new Place(DISK, Medium.BLOCKS, 0), 4096);
        Arrays.fill(whole, 3 * 512, 4 * 512, (byte) 0);
        assertThat(after).isEqualTo(whole);
        assertThat(holds(new Place(DISK, Medium.BLOCKS, 0), whole)).isTrue();
    }

    @Test
    void shorterLongerAndShorterAgain() {
        var random = new RandomStream(1, "lengths");
        var place = new Place(DISK, Medium.FRAMES, 7);
        var beside = new Place(DISK, Medium.FRAMES, 8);
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
    void partOfAnArrayIsKeptAndLaterChangesOfItAreNot() {
        byte[] from = {0, 1, 2, 3};
        media.put(DISK, Medium.FRAMES, SEED, 3, from, 1, 2);
        Arrays.fill(from, (byte) 7);
        assertThat(holds(new Place(DISK, Medium.FRAMES, 3), new byte[] {1, 2})).isTrue();
    }

    @Test
    void beforeItIsToldToNothingIsKept() {
        var place = new Place(DISK, Medium.FRAMES, 1);
        media.clear();
        put(place, new byte[] {1});
        assertThat(holds(place, new byte[] {1})).isFalse();
        media.keep();
        put(place, new byte[] {2});
        assertThat(holds(place, new byte[] {2})).isTrue();
    }

    @Test
    void nothingWrittenIsNotTheSameAsNothing() {
        var place = new Place(DISK, Medium.FRAMES, 1);
        assertThat(holds(place, new byte[0])).isFalse();
        put(place, new byte[0]);
        assertThat(holds(place, new byte[0])).isTrue();
    }
}
