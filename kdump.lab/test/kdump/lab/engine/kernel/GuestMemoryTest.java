// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.DmaBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Pages of a guest, in use and not. */
class GuestMemoryTest {

    private static final int PAGES = 8;

    private final GuestMemory guest = new GuestMemory(IntStream.range(0, PAGES).mapToObj(i ->
            new DmaBuffer(i * 4096L, 0x10_0000 - i * 0x2000L, 4096)).toList());

    @Test
    void eachPageIsGivenOutOnceAsLongAsThereAreOthers() {
        Set<Long> given = new HashSet<>();
        for (int i = 0; i < PAGES; i++) {
            assertThat(given.add(guest.allocate())).isTrue();
        }
        assertThat(given).contains(guest.allocate());
    }

    @Test
    void whatIsGivenBackIsGivenOutAgain() {
        long kept = guest.allocate();
        for (int i = 0; i < 100; i++) {
            long page = guest.allocate();
            assertThat(page).isNotEqualTo(kept);
            guest.free(page);
        }
        guest.free(0x123_4000);
    }

    @Test
    void addressesAreThoseOfTheGuest() {
        long page = guest.allocate();
        DmaBuffer buffer = guest.at(page + 0x10, 64);
        assertThat(buffer.physicalAddress()).isEqualTo(page + 0x10);
        assertThat(buffer.iova()).isEqualTo((0x10_0000 - page) / 0x2000 * 4096 + 0x10);
        assertThat(buffer.bytes()).isEqualTo(64);
        assertThatThrownBy(() -> guest.at(0x20_0000, 4)).hasMessageContaining("0x200000");
        assertThatThrownBy(() -> new GuestMemory(List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
