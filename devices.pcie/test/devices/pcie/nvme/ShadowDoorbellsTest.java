// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.testkit.FakeDeviceContext;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Doorbells in the host's memory, by a host that knows the format by itself. */
class ShadowDoorbellsTest {

    private static final long DOORBELLS = 0x7_0000;
    private static final long EVENTS = 0x7_1000;
    private static final long DATA = 0x6_0000;
    private static final int CONFIGURE = 0x7c;

    private NvmeMachine m = new NvmeMachine(Map.of("shadowDoorbells", 1L));

    private long word(long address) {
        return m.memory.read64(address & -8) >>> 8 * (address & 4) & 0xffff_ffffL;
    }

    private void word(long address, long value) {
        long other = m.memory.read64(address & -8) & 0xffff_ffffL << 32 - 8 * (address & 4);
        m.memory.write64(address & -8, other | value << 8 * (address & 4));
    }

    private void configured() {
        m.memory.write(DOORBELLS, new byte[8192], 0, 8192);
        m.running();
        assertThat(m.admin(CONFIGURE, 0, DOORBELLS, EVENTS, 0, 0)).isZero();
    }

    private boolean isRead() {
        m.settle();
        return m.take(1) != null;
    }

    @Test
    void aControllerWithoutThemKnowsNoSuchCommand() {
        m = new NvmeMachine(Map.of());
        m.running();
        assertThat(m.admin(CONFIGURE, 0, DOORBELLS, EVENTS, 0, 0))
                .isEqualTo(NvmeCommands.INVALID_OPCODE | NvmeCommands.DNR);
    }

    @Test
    void bothLieOnPages() {
        m.running();
        int wrong = NvmeCommands.INVALID_FIELD | NvmeCommands.DNR;
        assertThat(m.admin(CONFIGURE, 0, DOORBELLS + 8, EVENTS, 0, 0)).isEqualTo(wrong);
        assertThat(m.admin(CONFIGURE, 0, DOORBELLS, EVENTS + 4, 0, 0)).isEqualTo(wrong);
    }

    @Test
    void theyBeginAsTheProperties() {
        configured();
        assertThat(word(DOORBELLS)).as("admin tail: three commands").isEqualTo(3);
        assertThat(word(DOORBELLS + 4)).as("admin head").isEqualTo(3);
        assertThat(word(DOORBELLS + 8)).as("I/O tail").isZero();
    }

    /** The property says that there is something, memory says how much. */
    @Test
    void whatIsInMemoryCounts() {
        configured();
        m.put(1, 2, 1, DATA, 0, 0, 7);
        m.ring(1);
        assertThat(isRead()).as("nothing, says memory").isFalse();
        word(DOORBELLS + 8, 1);
        m.ring(1);
        assertThat(isRead()).isTrue();
        assertThat(m.bytes(DATA, 8)).isEqualTo(FakeDeviceContext.onMedium(0, 8));
        assertThat(word(EVENTS + 8)).as("the next one is to be told of").isEqualTo(1);
        assertThat(word(EVENTS + 12)).as("and that its completion was seen").isZero();
    }

    /** Commands that come while others are fetched need not be told of. */
    @Test
    void itLooksAgainAfterEachCommand() {
        configured();
        for (int i = 0; i < 3; i++) {
            m.put(1, 2, 1, DATA + 4096L * i, 0, 8L * i, 7);
        }
        word(DOORBELLS + 8, 3);
        m.write(0x1008, 1);
        m.settle();
        assertThat(m.take(1)).isNotNull();
        assertThat(m.take(1)).isNotNull();
        assertThat(m.take(1)).isNotNull();
        assertThat(word(EVENTS + 8)).isEqualTo(3);
    }

    /** A full queue of completions goes on where the host's word for its head is in memory. */
    @Test
    void theHeadIsReadFromMemory() {
        configured();
        for (int round = 0; round < 3 * NvmeMachine.ENTRIES; round++) {
            int slot = (round + 1) % NvmeMachine.ENTRIES;
            m.put(1, 2, 1, DATA, 0, 0, 0);
            word(DOORBELLS + 8, slot);
            m.ring(1);
            assertThat(isRead()).as("round %d", round).isTrue();
            word(DOORBELLS + 12, slot);
        }
    }

    /** Linux does not write the shadow of the admin queue, so the controller does. */
    @Test
    void theAdminQueueNeedsTheProperty() {
        configured();
        assertThat(m.admin(6, 0, DATA, 0, 1, 0)).isZero();
        assertThat(word(DOORBELLS)).isEqualTo(4);
    }

    @Test
    void aPlaceBeyondTheQueueIsNoPlace() {
        configured();
        m.put(1, 2, 1, DATA, 0, 0, 7);
        word(DOORBELLS + 8, NvmeMachine.ENTRIES);
        m.ring(1);
        assertThat(isRead()).as("the property counts").isTrue();
    }

    @Test
    void doorbellsThatCannotBeReadAreThoseOfTheProperties() {
        configured();
        m.root.refuse(new AddressRange(DOORBELLS, DOORBELLS + 4096));
        m.put(1, 2, 1, DATA, 0, 0, 7);
        m.ring(1);
        assertThat(isRead()).isTrue();
    }

    @Test
    void aResetEndsThem() {
        configured();
        m.write(NvmeMachine.CC, 0);
        m.settle();
        m.running();
        m.put(1, 2, 1, DATA, 0, 0, 7);
        m.ring(1);
        assertThat(isRead()).isTrue();
    }

    /** Timestamp: milliseconds as the host set them, and bit 49 that it did. */
    @Test
    void theTimestampGoesOn() {
        m.running();
        m.memory.write64(DATA, 123_456);
        assertThat(m.admin(9, 0, DATA, 0, 0xe, 0)).isZero();
        m.queue.advance(5_000_000_000L);
        assertThat(m.admin(10, 0, DATA, 0, 0xe, 0)).isZero();
        assertThat(m.memory.read64(DATA)).isBetween(1L << 49 | 128_456, 1L << 49 | 128_460);
    }

    /** 128 KiB a time, 300 000 bytes a second: each waits until those before it are paid for. */
    @Test
    void aThrottledDiskIsAsFastAsItMayBe() {
        m = new NvmeMachine(Map.of("bytesPerSecond", 300_000L));
        m.running();
        for (int i = 0; i < 3; i++) {
            m.put(1, 2, 1, 0x10_0000, 0x7_2000, 256L * i, 255);
        }
        for (int page = 1; page < 32; page++) {
            m.memory.write64(0x7_2000 + 8 * (page - 1), 0x10_0000 + 4096L * page);
        }
        long before = m.queue.nanos();
        m.ring(1);
        m.settle();
        assertThat((m.queue.nanos() - before) / 1e9).isBetween(2 * 0.4369, 2 * 0.4369 + 0.01);
        assertThat(m.bytes(0x11_f000, 512)).isEqualTo(FakeDeviceContext.onMedium(512 + 248, 512));
    }
}
