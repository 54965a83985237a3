// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.COPY_DWORDS;
import static devices.pcie.graphics.GraphicsLayout.FLUSH_DWORDS;
import static devices.pcie.graphics.GraphicsLayout.MI_FLUSH_DW;
import static devices.pcie.graphics.GraphicsLayout.OPCODE;
import static devices.pcie.graphics.GraphicsLayout.RING_CTL;
import static devices.pcie.graphics.GraphicsLayout.RING_ENABLE;
import static devices.pcie.graphics.GraphicsLayout.RING_HEAD;
import static devices.pcie.graphics.GraphicsLayout.RING_START;
import static devices.pcie.graphics.GraphicsLayout.RING_TAIL;
import static devices.pcie.graphics.GraphicsLayout.VALID;
import static devices.pcie.graphics.GraphicsLayout.WRITES;
import static devices.pcie.graphics.GraphicsLayout.XY_SRC_COPY_BLT;

import iommu.api.bits.Register;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import java.util.HashMap;
import java.util.Map;

/**
 * The ring of commands of the blitter, as a driver fills it: a page of 64 lines, a request in each
 * but the last, where the number of the last that is done is told, MI_NOOPs to the engine. Pages of
 * memory get graphics addresses behind those of the screen, once each. One thread.
 *
 * <p>Source: Linux, i915: intel_ring_submission.c, gen6_engine_cs.c, intel_ggtt.c (gen8_ggtt).
 */
final class BlitterRing {

    private static final int PAGE = 4096;
    private static final int LINE_BYTES = 64;
    private static final int LINES = PAGE / LINE_BYTES - 1;
    private static final int STATUS_AT = LINES * LINE_BYTES;
    private static final int PIXEL_BYTES = 4;
    /** 32 bits a pixel, the source as it is. */
    private static final long BR13 = 0x03cc_0000L;
    private static final int PLACES = 256;
    /** Of what MI_NOOP may carry. */
    private static final long MOST_NUMBER = (1 << 22) - 1;

    private final DriverPort port;
    private final StolenMemory stolen;
    private final Map<Long, Long> graphics = new HashMap<>();
    private DmaBuffer page;
    private int line;
    private long number;

    BlitterRing(DriverPort port, StolenMemory stolen) {
        this.port = port;
        this.stolen = stolen;
    }

    /** Begins with a page that is mapped both ways. */
    void start(DmaBuffer memory) {
        page = memory;
        port.write(page.physicalAddress(), new byte[PAGE], 0, PAGE);
        write(RING_CTL, 0);
        write(RING_HEAD, 0);
        write(RING_TAIL, 0);
        write(RING_START, address(page));
        write(RING_CTL, RING_ENABLE.mask());
    }

    /** Returns the graphics address of a page, which gets one if it has none. */
    private long address(DmaBuffer memory) {
        Long known = graphics.get(memory.iova());
        if (known != null) {
            return known;
        }
        long places = Math.min(PLACES, stolen.entries() - stolen.pages());
        long index = stolen.pages() + graphics.size() % places;
        port.function().writeRegister(0,
                GraphicsLayout.TABLE_AT + index * GraphicsLayout.ENTRY_BYTES,
                GraphicsLayout.ENTRY_BYTES, memory.iova() & -PAGE | VALID.mask());
        graphics.values().removeIf(place -> place == index * PAGE);
        graphics.put(memory.iova(), index * PAGE);
        return index * PAGE;
    }

    /**
     * Posts a copy between a page of memory and one of the screen.
     *
     * @param screenPage number, 0 to those of stolen memory less 1
     * @param bytes 4 to 4096
     * @param reads whether memory is what is read
     */
    void copy(DmaBuffer memory, int screenPage, int bytes, boolean reads) {
        long there = address(memory) + memory.iova() % PAGE;
        long screen = (long) screenPage * PAGE;
        long at = page.physicalAddress() + (long) line * LINE_BYTES;
        port.write64(at, command(XY_SRC_COPY_BLT, COPY_DWORDS) | BR13 << Integer.SIZE);
        port.write64(at + 8, (long) (1 << 16 | bytes / PIXEL_BYTES) << Integer.SIZE);
        port.write64(at + 16, reads ? screen : there);
        port.write64(at + 24, 0);
        port.write64(at + 32, reads ? there : screen);
        post(at, COPY_DWORDS);
    }

    /** Posts a request that does nothing but tell. */
    void flush() {
        post(page.physicalAddress() + (long) line * LINE_BYTES, 0);
    }

    private static long command(int opcode, int dwords) {
        return OPCODE.with(0, opcode) | dwords - 2;
    }

    /** Has what is done told behind a number of dwords of this line, and the ring go on. */
    private void post(long at, int dwords) {
        number = number + 1 & MOST_NUMBER;
        long flush = at + (long) dwords * Integer.BYTES;
        port.write64(flush, command(MI_FLUSH_DW, FLUSH_DWORDS) | WRITES.with(0, 1)
                | address(page) + STATUS_AT << Integer.SIZE);
        port.write64(flush + 8, number << Integer.SIZE);
        port.write64(flush + 16, 0);
        for (long pad = flush + 24; pad < at + LINE_BYTES; pad += 8) {
            port.write64(pad, 0);
        }
        line = (line + 1) % LINES;
        write(RING_TAIL, (long) line * LINE_BYTES);
    }

    /** Returns whether all that was posted is done. */
    boolean isIdle() {
        return port.read64(page.physicalAddress() + STATUS_AT) == number;
    }

    /** Waits until it is. */
    boolean await(long nanos) {
        return port.waitForMemory(page.physicalAddress() + STATUS_AT, -1, number, nanos);
    }

    private void write(Register register, long value) {
        port.function().writeRegister(0, GraphicsLayout.offset(register), Integer.BYTES, value);
    }
}
