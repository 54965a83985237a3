// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsMachine.PAGE;
import static devices.pcie.graphics.GraphicsMachine.SURFACES;
import static devices.pcie.graphics.GraphicsMachine.SURFACE_PAGES;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaBuffer;
import iommu.testkit.FakeDriverPort;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a driver puts into its ring, read as the engine reads it. */
class BlitterRingTest {

    private static final int SURFACE_ENTRIES = (int) SURFACE_PAGES;
    private static final long PLACE = SURFACE_PAGES * PAGE;
    /** Physical addresses of buffers; their bus addresses are other ones only here. */
    private static final long BUFFERS = 0x20_0000;
    private static final DmaBuffer RING = new DmaBuffer(0x10_0000, 0x10_0000, PAGE);

    private final GraphicsMachine machine = new GraphicsMachine(false);
    private final FakeDriverPort port = new FakeDriverPort(machine.function, machine.memory,
            machine.clock, 0x80_0000, 0x90_0000);
    private BlitterRing ring;

    @BeforeEach
    void start() {
        ring = new BlitterRing(port, new StolenMemory(0x100_0000, 0x10_0000, SURFACE_PAGES));
        ring.start(RING);
    }

    private static DmaBuffer buffer(int number) {
        long at = BUFFERS + (long) number * PAGE;
        return new DmaBuffer(at, at, PAGE);
    }

    private int dword(int line, int index) {
        return machine.memory.read32(RING.physicalAddress() + line * 64L + index * 4L);
    }

    private boolean done() {
        machine.clock.advance(GraphicsMachine.MILLI);
        return ring.isIdle();
    }

    @Test
    void itIsOnePageBehindThoseOfTheScreen() {
        assertThat(machine.read(GraphicsLayout.RING_START)).isEqualTo(PLACE);
        assertThat(machine.read(GraphicsLayout.RING_CTL)).isEqualTo(1);
        assertThat(machine.entry(SURFACE_PAGES)).isEqualTo(RING.iova() | 1);
        assertThat(ring.isIdle()).as("nothing is posted").isTrue();
    }

    /** What stood in the page before is no command. */
    @Test
    void thePageIsClearedBeforeTheEngineSeesIt() {
        for (int i = 0; i < PAGE; i += 8) {
            machine.memory.write64(RING.physicalAddress() + i, -1);
        }
        ring.start(RING);
        for (int i = 0; i < PAGE; i += 8) {
            assertThat(machine.memory.read64(RING.physicalAddress() + i)).isZero();
        }
    }

    /** Rows: whether memory is read, source, destination. Dwords as the manual numbers them. */
    @ParameterizedTest
    @CsvSource({"true, 0x801000, 0x7000", "false, 0x7000, 0x801000"})
    void aCopyIsTenDwordsAndItsFlushFive(boolean reads, String from, String to) {
        ring.copy(buffer(0), 7, 512, reads);
        assertThat(dword(0, 0)).as("client 2, instruction 53h, length").isEqualTo(0x54c0_0008);
        assertThat(dword(0, 1)).as("32 bits a pixel, source copy").isEqualTo(0x03cc_0000);
        assertThat(dword(0, 2)).as("Y1, X1").isZero();
        assertThat(dword(0, 3)).as("Y2, X2").isEqualTo(1 << 16 | 128);
        assertThat(dword(0, 4)).as("destination").isEqualTo(Integer.decode(to));
        assertThat(dword(0, 8)).as("source").isEqualTo(Integer.decode(from));
        assertThat(dword(0, 10)).as("MI_FLUSH_DW, write").isEqualTo(0x1300_4003);
        assertThat(dword(0, 11)).as("status, on the last line").isEqualTo((int) PLACE + 0xfc0);
        assertThat(dword(0, 13)).as("number").isEqualTo(1);
        assertThat(dword(0, 15)).as("MI_NOOP").isZero();
        assertThat(machine.read(GraphicsLayout.RING_TAIL)).isEqualTo(64);
        assertThat(machine.entry(SURFACE_PAGES + 1)).isEqualTo(BUFFERS | 1);
        assertThat(ring.isIdle()).isFalse();
        assertThat(done()).isTrue();
    }

    @Test
    void aBufferWithinAPageKeepsItsOffset() {
        long at = BUFFERS + 0x400;
        ring.copy(new DmaBuffer(at, at, 512), 0, 512, true);
        assertThat(dword(0, 8)).isEqualTo((int) PLACE + PAGE + 0x400);
        assertThat(machine.entry(SURFACE_PAGES + 1)).isEqualTo(BUFFERS | 1);
    }

    @Test
    void aFlushAloneIsALineOfItsOwn() {
        ring.flush();
        assertThat(dword(0, 0)).isEqualTo(0x1300_4003);
        assertThat(dword(0, 3)).isEqualTo(1);
        assertThat(ring.await(GraphicsMachine.MILLI)).isTrue();
        ring.flush();
        assertThat(dword(1, 3)).isEqualTo(2);
        assertThat(done()).isTrue();
    }

    /** 63 lines hold requests, the 64th what is done: three times round nothing is left out. */
    @Test
    void itGoesRoundBeforeTheLineOfTheStatus() {
        for (int i = 1; i <= 200; i++) {
            ring.copy(buffer(i % 9), i, 64, false);
            assertThat(machine.read(GraphicsLayout.RING_TAIL)).isEqualTo(i % 63 * 64L);
            assertThat(done()).as("request " + i).isTrue();
            assertThat(machine.memory.read64(RING.physicalAddress() + 0xfc0)).isEqualTo(i);
        }
        for (int i = SURFACE_ENTRIES; i < SURFACE_ENTRIES + 10; i++) {
            assertThat(machine.entry(i)).as("once each").isNotZero();
        }
        assertThat(machine.entry(SURFACE_ENTRIES + 10)).isZero();
    }

    /** There are 256 places: later ones take that of another buffer, never that of the ring. */
    @Test
    void moreBuffersThanPlacesTakeTurns() {
        for (int i = 0; i < 600; i++) {
            machine.memory.write64(buffer(i).physicalAddress(), 1000 + i);
        }
        for (int i = 0; i < 600; i++) {
            ring.copy(buffer(i), i, 64, true);
            assertThat(done()).as("copy " + i).isTrue();
            assertThat(machine.memory.read64(SURFACES + (long) i * PAGE)).isEqualTo(1000 + i);
            assertThat(machine.entry(SURFACE_ENTRIES)).as("the ring's").isEqualTo(RING.iova() | 1);
        }
        assertThat(machine.entry(SURFACE_ENTRIES + 256)).isZero();
        ring.copy(buffer(0), 700, 64, true);
        assertThat(done()).isTrue();
        assertThat(machine.memory.read64(SURFACES + 700L * PAGE)).as("of the first again")
                .isEqualTo(1000);
    }

    /** Surfaces without end leave no graphics addresses to a driver: firmware keeps some back. */
    @ParameterizedTest
    @CsvSource({"0x2010000", "0x4010000", "0x4020000"})
    void graphicsAddressesAreLeftForMemory(String reserved) {
        StolenMemory stolen = StolenMemory.of((name, otherwise) ->
                name.equals(DeviceContext.RESERVED_BYTES) ? Long.decode(reserved) : otherwise);
        assertThat(stolen.pages()).isPositive();
        assertThat(stolen.entries() - stolen.pages()).isGreaterThanOrEqualTo(256);
        var full = new BlitterRing(port, stolen);
        full.start(RING);
        assertThat(machine.entry(stolen.pages())).isEqualTo(RING.iova() | 1);
    }
}
