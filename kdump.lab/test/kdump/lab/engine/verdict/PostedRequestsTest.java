// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Medium;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PostedRequestsTest {

    private final PostedRequests posted = new PostedRequests();

    @Test
    void whatWasPostedTwiceIsThereOnceForTheLaterMedium() {
        posted.add(7, Medium.BLOCKS);
        posted.add(7, Medium.FRAMES);

        assertThat(posted.size()).isEqualTo(1);
        assertThat(posted.count(Medium.BLOCKS)).isZero();
        assertThat(posted.count(Medium.FRAMES)).isEqualTo(1);
    }

    @Test
    void whatIsNotThereIsNotRemoved() {
        posted.add(0, Medium.BLOCKS);
        posted.remove(1);

        assertThat(posted.size()).isEqualTo(1);
        posted.remove(0);
        posted.remove(0);
        assertThat(posted.size()).isZero();
    }

    @Test
    void clearedItIsAsNew() {
        for (int i = 0; i < 100; i++) {
            posted.add(i, Medium.BLOCKS);
        }
        posted.clear();

        assertThat(posted.size()).isZero();
        assertThat(posted.count(Medium.BLOCKS)).isZero();
        posted.add(3, Medium.BLOCKS);
        assertThat(posted.count(Medium.BLOCKS)).isEqualTo(1);
    }

    /** A map of the library's is what it must be like, numbers dense and far apart. */
    @Seeds(count = 30)
    void isAMapFromNumbersToMedia(long seed) {
        var random = new RandomStream(seed, "posted");
        Map<Long, Medium> model = new HashMap<>();
        int width = 1 + random.nextInt(62);
        for (int i = 0; i < 2000; i++) {
            long number = random.nextLong() >>> width;
            if (random.oneIn(3)) {
                number = i;
            }
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    Medium medium = Medium.values()[random.nextInt(Medium.values().length)];
                    posted.add(number, medium);
                    model.put(number, medium);
                }
                case 2, 3 -> {
                    long gone = model.isEmpty() || random.oneIn(4) ? number
                            : model.keySet().iterator().next();
                    posted.remove(gone);
                    model.remove(gone);
                }
                default -> {
                    assertThat(posted.size()).isEqualTo(model.size());
                    for (Medium medium : Medium.values()) {
                        assertThat(posted.count(medium)).isEqualTo(model.values().stream()
                                .filter(m -> m == medium).count());
                    }
                }
            }
        }
        model.keySet().forEach(posted::remove);
        assertThat(posted.size()).isZero();
    }
}
