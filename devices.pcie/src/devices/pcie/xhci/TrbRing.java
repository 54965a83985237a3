// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.BYTES;
import static devices.pcie.xhci.TrbLayout.CONTROL;
import static devices.pcie.xhci.TrbLayout.CYCLE;
import static devices.pcie.xhci.TrbLayout.LINK;
import static devices.pcie.xhci.TrbLayout.TOGGLE;
import static devices.pcie.xhci.TrbLayout.TYPE;

import devices.pcie.link.MemoryAccess;
import iommu.api.bits.BitField;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A ring that a controller consumes: where it is, and the cycle state of blocks that are its. One
 * thread.
 *
 * <p>Source: xHCI 1.1, "TRB Rings", "Link TRB".
 */
final class TrbRing {

    /** What {@link #next} found. */
    enum Found { BLOCK, NOTHING, ABORTED, ENDLESS }

    /** More links in a row than any driver makes. */
    private static final int MOST_LINKS = 8;
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final MemoryAccess memory;
    private long dequeue;
    private boolean cycle = true;

    TrbRing(MemoryAccess memory) {
        this.memory = memory;
    }

    /** Has the ring go on elsewhere. */
    void set(long address, boolean cycleState) {
        dequeue = address & -BYTES;
        cycle = cycleState;
    }

    long dequeue() {
        return dequeue;
    }

    /** Returns where it is, with its cycle state in bit 0, as contexts have it. */
    long position() {
        return dequeue | (cycle ? 1 : 0);
    }

    /** Reads the next block, following links; at {@link #dequeue} less 16 if there is one. */
    Found next(byte[] to, int offset) {
        for (int links = 0; links <= MOST_LINKS; links++) {
            if (!memory.read(dequeue, to, offset, BYTES)) {
                return Found.ABORTED;
            }
            long control = dword(to, offset + CONTROL);
            if (CYCLE.isSet(control) != cycle) {
                return Found.NOTHING;
            }
            if (TYPE.of(control) != LINK) {
                dequeue += BYTES;
                return Found.BLOCK;
            }
            dequeue = quadword(to, offset) & -BYTES;
            cycle ^= TOGGLE.isSet(control);
        }
        return Found.ENDLESS;
    }

    static long quadword(byte[] from, int offset) {
        return (long) LONG.get(from, offset);
    }

    static long dword(byte[] from, int offset) {
        return Integer.toUnsignedLong((int) INT.get(from, offset));
    }

    static void putQuadword(byte[] to, int offset, long value) {
        LONG.set(to, offset, value);
    }

    /** Gives a field of a doubleword the value that it has in the same place of another array. */
    static void putField(byte[] to, int offset, BitField field, byte[] from) {
        putDword(to, offset, field.with(dword(to, offset), field.of(dword(from, offset))));
    }

    static void putDword(byte[] to, int offset, long value) {
        INT.set(to, offset, (int) value);
    }
}
