// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A memory as it was at its last mark: reads take what was written since out of the journal, writes
 * are dropped. Processors have no caches here. One thread.
 */
final class MemoryAtMark extends PhysicalMemory {

    private static final VarHandle LONG = MethodHandles
            .byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();
    private static final VarHandle INT = MethodHandles
            .byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();

    private final PhysicalMemory now;
    private final byte[] word = new byte[Long.BYTES];

    MemoryAtMark(PhysicalMemory now) {
        super(now, false);
        this.now = now;
    }

    @Override
    public long read64(long address) {
        LONG.set(word, 0, now.read64(address));
        now.restore(address, (int) address & LINE_BYTES - 1, word, 0, Long.BYTES);
        return (long) LONG.get(word, 0);
    }

    @Override
    public int read32(long address) {
        INT.set(word, 0, now.read32(address));
        now.restore(address, (int) address & LINE_BYTES - 1, word, 0, Integer.BYTES);
        return (int) INT.get(word, 0);
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) {
        now.read(address, to, offset, bytes);
        for (int done = 0; done < bytes;) {
            int skip = (int) (address + done) & LINE_BYTES - 1;
            int chunk = Math.min(LINE_BYTES - skip, bytes - done);
            now.restore(address + done, skip, to, offset + done, chunk);
            done += chunk;
        }
    }

    /** There is no shortcut to bytes that may lie in the journal. */
    @Override
    public int placeOfPage(long page) {
        return -1;
    }

    /** What is known now: a page that was never written at the mark holds the pattern anyway. */
    @Override
    public boolean pageIsKnown(long page) {
        return now.pageIsKnown(page);
    }

    @Override
    public long syntheticBytes(long address, long bytes) {
        return now.syntheticBytes(address, bytes);
    }

    @Override
    public PhysicalMemory copy() {
        throw new UnsupportedOperationException("memory as at a mark has no copy");
    }

    @Override
    public void write64(long address, long value) { }

    @Override
    public void write32(long address, int value) { }

    @Override
    public void write(long address, byte[] from, int offset, int bytes) { }

    @Override
    public LateView lateView(boolean buffered) {
        return new LateView(this, buffered);
    }
}
