// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/** Rings that are found beside those that a search through all pairs finds. */
class NetworkRingsPropertyTest {

    private static final long LAST = 0xf_ffff;

    private static FunctionConfig function(boolean express) {
        byte[] config = new byte[256];
        config[6] = 0x10;
        config[0x34] = 0x40;
        config[0x40] = (byte) (express ? 0x10 : 0x05);
        return new FunctionConfig(0x100, config);
    }

    /** Returns the page of the receive ring, -1 if there is none. */
    private static long receive(boolean express, TreeSet<Long> low) {
        long best = -1;
        for (long page : low) {
            boolean pair = page % 2 == 0 && low.contains(page + 1) && page + 1 != low.last();
            if (page != low.last() && (!express || pair)) {
                best = Math.max(best, page);
            }
        }
        return best;
    }

    @Seeds(count = 20)
    void theTransmitRingIsTheHighestAndTheReceiveRingTheNextThatFits(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            boolean express = random.nextBoolean();
            var low = new TreeSet<Long>();
            var pages = new ArrayList<DmaBuffer>();
            for (int n = random.nextInt(12); n > 0; n--) {
                long page = LAST - random.nextInt(16);
                if (low.add(page)) {
                    pages.add(buffer(page));
                }
            }
            for (int n = random.nextInt(3); n > 0; n--) {
                pages.add(buffer(LAST + 1 + n)); // no 32 bits, so none of these drivers
            }
            Collections.shuffle(pages, random);
            long receive = low.isEmpty() ? -1 : receive(express, low);
            assertThat(NetworkRings.of(function(express), pages)).isEqualTo(receive < 0
                    ? List.of() : List.of(buffer(receive), buffer(low.last())));
        }
    }

    private static DmaBuffer buffer(long page) {
        return new DmaBuffer(page << 12, page << 12 ^ 0x5000, 4096);
    }
}
