// SPDX-License-Identifier: Apache-2.0
package example.device;

import static example.device.CopyLayout.*;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The hardware: works on one descriptor of its ring after the other, for as long as there is one
 * that is posted. It knows no kernel, and no unit: what becomes of its requests, their completions
 * tell. One thread.
 */
final class CopyEngine implements Device {

    private static final int PAGE = 4096;
    /** Bytes of one request; none goes over a boundary of them, and so none over one of pages. */
    private static final int PAYLOAD = 256;

    private final DeviceContext context;
    private final byte[] descriptor = new byte[DESCRIPTOR_BYTES];
    private final byte[] data = new byte[PAGE];
    private final byte[] result = new byte[Long.BYTES];
    private int control;
    private int status;
    private int ringLow;
    private int ringHigh;
    private int head;
    private int tail;
    private int period;
    private long requests;
    /** Work that was begun before a reset sees by it that it is over. */
    private int resets;
    private boolean ticking;

    CopyEngine(DeviceContext context) {
        this.context = context;
    }

    @Override
    public int readRegister(int offset) {
        return switch (offset) {
            case CONTROL -> control;
            case STATUS -> status;
            case RING_LOW -> ringLow;
            case RING_HIGH -> ringHigh;
            case TAIL -> tail;
            case HEAD -> head;
            case PERIOD -> period;
            default -> -1;
        };
    }

    @Override
    public void writeRegister(int offset, int value) {
        switch (offset) {
            case CONTROL -> control(value);
            case RING_LOW -> ringLow = value;
            case RING_HIGH -> ringHigh = value;
            case TAIL -> tail = Integer.remainderUnsigned(value, ENTRIES);
            case PERIOD -> period = value;
            default -> { }
        }
        wake();
    }

    private void control(int value) {
        if ((value & RESET) != 0) {
            reset();
        } else {
            control = value & RUN;
        }
    }

    @Override
    public void reset() {
        control = status = ringLow = ringHigh = head = tail = period = 0;
        requests = 0;
        ticking = false;
        resets++;
        context.interrupts().lower();
        context.dropped();
    }

    /** What was held up at a closed gate goes on when it opens. */
    @Override
    public void busMasterEnabled(boolean enabled) {
        wake();
    }

    private boolean hasWork() {
        return control == RUN && status == 0 && head != tail && context.function().busMaster();
    }

    private void wake() {
        if (!ticking && hasWork()) {
            ticking = true;
            int mine = resets;
            context.schedule(Math.max(LEAST_NANOS, Integer.toUnsignedLong(period)), () -> {
                if (mine == resets) {
                    tick();
                }
            });
        }
    }

    private void tick() {
        ticking = false;
        if (hasWork()) {
            work();
            wake();
        }
    }

    private void work() {
        context.request(requests);
        long at = (Integer.toUnsignedLong(ringHigh) << 32 | Integer.toUnsignedLong(ringLow))
                + (long) head * DESCRIPTOR_BYTES;
        if (context.dma().read(at, descriptor, 0, DESCRIPTOR_BYTES) != CompletionStatus.SUCCESS) {
            status = HALTED;
            return;
        }
        ByteBuffer words = ByteBuffer.wrap(descriptor).order(ByteOrder.LITTLE_ENDIAN);
        long command = words.getLong(COMMAND);
        boolean done = move(words.getLong(ADDRESS), (int) Math.min(command & LENGTH, PAGE),
                words.getLong(SECTOR), (command & TO_DISK) != 0);
        result[0] = (byte) (done ? DONE : DONE | ABORTED);
        context.dma().write(at + RESULT, result, 0, result.length);
        head = (head + 1) % ENTRIES;
        requests++;
        context.interrupts().raise(0);
    }

    private boolean move(long address, int bytes, long sector, boolean toDisk) {
        if (!toDisk) {
            context.fetch(Medium.BLOCKS, sector, data, 0, bytes);
        }
        for (int moved = 0; moved < bytes;) {
            int chunk = Math.min(bytes - moved,
                    PAYLOAD - (int) (address + moved & PAYLOAD - 1));
            CompletionStatus how = toDisk
                    ? context.dma().read(address + moved, data, moved, chunk)
                    : context.dma().write(address + moved, data, moved, chunk);
            if (how != CompletionStatus.SUCCESS) {
                return false;
            }
            moved += chunk;
        }
        if (toDisk) {
            context.store(Medium.BLOCKS, sector, data, 0, bytes);
        }
        return true;
    }
}
