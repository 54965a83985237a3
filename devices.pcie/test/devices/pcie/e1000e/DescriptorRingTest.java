// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.RegisterFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Head, tail, and what is on chip. */
class DescriptorRingTest {

    private static final long BASE = 0x1_2345_6780L;

    private final RegisterFile registers =
            new RegisterFile(NicLayout.REGISTER_BYTES, Chip.L82574.registers());
    private final DescriptorRing ring = new DescriptorRing(registers, NicLayout.RDBAL,
            NicLayout.RDBAH, NicLayout.RDLEN, NicLayout.RDH, NicLayout.RDT);

    @BeforeEach
    void base() {
        registers.set(NicLayout.RDBAL, BASE & 0xffff_ffffL);
        registers.set(NicLayout.RDBAH, BASE >>> 32);
    }

    private void set(int size, int head, int tail) {
        registers.set(NicLayout.RDLEN, 16L * size);
        registers.set(NicLayout.RDH, head);
        registers.set(NicLayout.RDT, tail);
    }

    private void hold(int count) {
        byte[] fetched = new byte[16 * count];
        for (int i = 0; i < count; i++) {
            DescriptorLayout.quadword(fetched, 16 * i, 100 + i);
            DescriptorLayout.quadword(fetched, 16 * i + 8, 200 + i);
        }
        ring.hold(fetched, count);
    }

    /** Size, head, tail; available, and of these in one fetch. */
    @ParameterizedTest
    @CsvSource({"8, 0, 0, 0, 0", "8, 0, 7, 7, 7", "8, 5, 4, 7, 3", "8, 7, 0, 1, 1",
        "8, 3, 3, 0, 0", "256, 0, 255, 255, 64", "256, 200, 100, 156, 56",
        "256, 250, 10, 16, 6", "0, 0, 5, 0, 0", "8, 0, 12, 4, 4", "8, 9, 3, 2, 2"})
    void whatMayBeFetched(int size, int head, int tail, int available, int fetchable) {
        set(size, head, tail);

        assertThat(ring.size()).isEqualTo(size);
        assertThat(ring.available()).isEqualTo(available);
        assertThat(ring.fetchable()).isEqualTo(fetchable);
        assertThat(ring.left()).isEqualTo(available);
    }

    @Test
    void whatIsOnChipIsNotFetchedAgain() {
        set(256, 0, 255);
        hold(60);
        ring.use();

        assertThat(ring.held()).isEqualTo(59);
        assertThat(ring.used()).isEqualTo(1);
        assertThat(ring.available()).isEqualTo(195);
        assertThat(ring.left()).isEqualTo(254);
        assertThat(ring.fetchable()).as("room of 64").isEqualTo(4);
        assertThat(ring.fetchAddress()).isEqualTo(BASE + 60 * 16);
        assertThat(registers.get(NicLayout.RDH)).as("moves with write-back").isZero();
    }

    @Test
    void descriptorsAreUsedInOrderAndReleasedAfterwards() {
        set(8, 6, 5);
        hold(2);
        assertThat(ring.quadword(0)).isEqualTo(100);
        ring.quadword(8, 0x77);
        ring.use();
        assertThat(ring.quadword(0)).isEqualTo(101);
        assertThat(ring.quadword(8)).isEqualTo(201);
        ring.use();
        assertThat(ring.address(0)).isEqualTo(BASE + 6 * 16);
        assertThat(ring.address(2)).as("over the end").isEqualTo(BASE);
        assertThat(DescriptorLayout.quadword(ring.slots(), ring.firstUsed() + 8)).isEqualTo(0x77);
        ring.release(1);
        assertThat(registers.get(NicLayout.RDH)).isEqualTo(7);
        ring.release(1);

        assertThat(registers.get(NicLayout.RDH)).isZero();
        assertThat(ring.used() + ring.held()).isZero();
    }

    @Test
    void thoseThatAreReleasedTogetherDoNotLieOverAnEnd() {
        set(8, 6, 5);
        hold(4);
        for (int i = 0; i < 4; i++) {
            ring.use();
        }
        assertThat(ring.together()).as("to the end of the ring").isEqualTo(2);
        ring.release(2);
        assertThat(ring.together()).isEqualTo(2);
        ring.release(2);
        set(256, 0, 255);
        hold(62);
        for (int i = 0; i < 62; i++) {
            ring.use();
        }

        assertThat(ring.together()).as("to the end on chip").isEqualTo(60);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0", "1, 1, 2", "5, 3, 2"})
    void someMayBeKept(int most, int held, int used) {
        set(16, 0, 15);
        hold(5);
        ring.use();
        ring.use();
        ring.keep(most);

        assertThat(ring.held()).isEqualTo(held);
        assertThat(ring.used()).isEqualTo(used);
    }

    @Test
    void aRingThatIsTakenAwayHasNoPlaces() {
        set(16, 3, 9);
        hold(2);
        ring.use();
        registers.set(NicLayout.RDLEN, 0);

        assertThat(ring.available()).isZero();
        assertThat(ring.fetchable()).isZero();
        assertThat(ring.address(0)).isEqualTo(BASE);
        ring.release(1);
        assertThat(registers.get(NicLayout.RDH)).isZero();
    }
}
