// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;
import static devices.pcie.ringdma.RingLayout.ABORTED;
import static devices.pcie.ringdma.RingLayout.ABORTS;
import static devices.pcie.ringdma.RingLayout.BUFFER;
import static devices.pcie.ringdma.RingLayout.CAUSE;
import static devices.pcie.ringdma.RingLayout.COMMAND;
import static devices.pcie.ringdma.RingLayout.COMPLETION;
import static devices.pcie.ringdma.RingLayout.CTRL;
import static devices.pcie.ringdma.RingLayout.DESCRIPTOR_BYTES;
import static devices.pcie.ringdma.RingLayout.DONE;
import static devices.pcie.ringdma.RingLayout.FRAME;
import static devices.pcie.ringdma.RingLayout.HALTED;
import static devices.pcie.ringdma.RingLayout.HEAD;
import static devices.pcie.ringdma.RingLayout.LENGTH;
import static devices.pcie.ringdma.RingLayout.MAX_LENGTH;
import static devices.pcie.ringdma.RingLayout.PAYLOAD_BYTES;
import static devices.pcie.ringdma.RingLayout.PERIOD;
import static devices.pcie.ringdma.RingLayout.POSITION;
import static devices.pcie.ringdma.RingLayout.READS;
import static devices.pcie.ringdma.RingLayout.REGISTER_BYTES;
import static devices.pcie.ringdma.RingLayout.REQUEST_DONE;
import static devices.pcie.ringdma.RingLayout.RESET;
import static devices.pcie.ringdma.RingLayout.RING;
import static devices.pcie.ringdma.RingLayout.RUN;
import static devices.pcie.ringdma.RingLayout.SIZE;
import static devices.pcie.ringdma.RingLayout.STATUS;
import static devices.pcie.ringdma.RingLayout.STREAM;
import static devices.pcie.ringdma.RingLayout.TAIL;

import devices.pcie.ats.TranslatedDma;
import devices.pcie.link.Link;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The engine. While RUN is set and it has not halted it works on one descriptor every PERIOD, from
 * HEAD up to TAIL, or round and round with STREAM. It fetches {@value #PREFETCHED} at a time and
 * holds them: whatever becomes of the ring or its translation meanwhile, the addresses that it
 * holds go out as they are. Data takes its time on the link; completion and interrupt follow.
 *
 * <p>It believes what it reads: a ring that turns into other bytes makes it move other data. An
 * aborted fetch halts an engine of the storage kind, and a USB controller, whose word for it is
 * host system error; the others try again a period later. One that wedges does nothing more after
 * any aborted read until its function is reset. While its function is no bus master it stands still
 * with all that it holds, as it may send nothing; once it is one again, it goes on. Its requests go
 * through a translation cache of its own while its function's services are on. It tells of each
 * request done by interrupt 0. One thread.
 */
final class RingEngine implements Device {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ALL_ONES = -1;
    static final int PREFETCHED = 4;

    private final DeviceContext context;
    private final TranslatedDma dma;
    private final Interrupts interrupts;
    private final Link link;
    private final int bar;
    private final long goneFromNanos;
    private final boolean haltsOnAbort;
    private final boolean wedgesOnAbort;
    private final RegisterFile registers = new RegisterFile(REGISTER_BYTES,
            List.of(CTRL, STATUS, RING, SIZE, HEAD, TAIL, PERIOD, ABORTS, CAUSE));
    /** Descriptors fetched and not worked on yet, the oldest at {@link #oldest}. */
    private final byte[] held = new byte[PREFETCHED * DESCRIPTOR_BYTES];
    private final long[] places = new long[PREFETCHED];
    private final int[] tokens = new int[PREFETCHED];
    private final byte[] data = new byte[MAX_LENGTH];
    private final byte[] completion = new byte[8];
    private int oldest;
    private int holds;
    private long sequence;
    private int generation;
    private boolean ticking;
    private boolean moving;
    private boolean finished;
    private boolean wedged;

    RingEngine(DeviceContext context, boolean haltsOnAbort) {
        this.context = context;
        this.dma = new TranslatedDma(context);
        this.interrupts = context.interrupts();
        this.link = Link.of(context.function());
        this.bar = RingLayout.bar(context.function());
        this.goneFromNanos = context.option(GONE_FROM_NANOS, Long.MAX_VALUE);
        this.haltsOnAbort = haltsOnAbort;
        this.wedgesOnAbort = context.option(WEDGES_ON_ABORT, 0) != 0;
        registers.onWrite(CTRL, (written, mask) -> control(written));
        registers.onWrite(TAIL, (written, mask) -> wake());
        registers.onWrite(CAUSE, (written, mask) -> attended());
    }

    @Override
    public List<Bar> bars() {
        return List.of(Bar.memory(bar, REGISTER_BYTES));
    }

    @Override
    public long readRegister(int space, long offset, int bytes) {
        return offset < REGISTER_BYTES ? registers.read((int) offset, bytes) : ALL_ONES;
    }

    @Override
    public void writeRegister(int space, long offset, int bytes, long value) {
        if (offset < REGISTER_BYTES && !wedged) {
            registers.write((int) offset, bytes, value);
        }
    }

    private void attended() {
        if (!REQUEST_DONE.isSet(registers.get(CAUSE))) {
            interrupts.lower();
        }
    }

    private void control(long written) {
        if (RESET.isSet(written)) {
            forget();
            dma.resetDevice();
        } else {
            wake();
        }
    }

    @Override
    public void reset() {
        forget();
        dma.resetFunction();
    }

    private void forget() {
        registers.reset();
        interrupts.lower();
        sequence = 0;
        holds = 0;
        generation++;
        ticking = false;
        moving = false;
        finished = false;
        wedged = false;
        context.dropped();
    }

    @Override
    public void busMasterEnabled(boolean enabled) {
        if (enabled) {
            if (finished) {
                complete();
            }
            wake(1);
        }
    }

    @Override
    public boolean present() {
        return goneFromNanos == Long.MAX_VALUE || context.nanos() < goneFromNanos;
    }

    @Override
    public void translationEnabled(boolean enabled) {
        dma.enabled(enabled);
    }

    @Override
    public boolean invalidate(int pasid, long address, int shift, int tag) {
        return dma.invalidate(pasid, address, shift, tag);
    }

    // ---- one descriptor a period ----------------------------------------------------------------

    private void wake() {
        wake(registers.get(PERIOD));
    }

    private void wake(long nanos) {
        if (!ticking && hasWork()) {
            ticking = true;
            context.schedule(nanos, new Clock(generation));
        }
    }

    /** Runs the engine between two resets. */
    private final class Clock implements Runnable {

        private final int mine;
        private final Runnable finish = this::finish;

        private Clock(int mine) {
            this.mine = mine;
        }

        @Override
        public void run() {
            if (mine != generation) {
                return;
            }
            if (hasWork() && !moving && (holds > 0 || fetch())) {
                moving = true;
                context.resume(tokens[oldest]);
                context.schedule(link.nanos(move()), finish);
            }
            ticking = hasWork();
            if (ticking) {
                context.schedule(registers.get(PERIOD), this);
            }
        }

        private void finish() {
            if (mine == generation && !wedged) {
                finished = !context.function().busMaster();
                if (!finished) {
                    complete();
                }
            }
        }
    }

    private boolean hasWork() {
        long control = registers.get(CTRL);
        return present() && RUN.isSet(control) && !HALTED.isSet(registers.get(STATUS)) && !wedged
                && registers.get(SIZE) != 0 && registers.get(PERIOD) != 0
                && (STREAM.isSet(control) || holds > 0
                        || registers.get(HEAD) != registers.get(TAIL))
                && context.function().busMaster();
    }

    /** Fetches what is posted, as much as fits; returns whether there is anything then. */
    private boolean fetch() {
        long size = registers.get(SIZE);
        boolean streams = STREAM.isSet(registers.get(CTRL));
        oldest = 0;
        long nextFetch = registers.get(HEAD);
        while (holds < PREFETCHED && holds < size
                && (streams || nextFetch != registers.get(TAIL))) {
            long at = registers.get(RING) + nextFetch * DESCRIPTOR_BYTES;
            tokens[holds] = context.request(sequence + holds);
            places[holds] = at;
            if (dma.read(at, held, holds * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES)
                    != CompletionStatus.SUCCESS) {
                aborted();
                if (haltsOnAbort) {
                    registers.set(STATUS, HALTED, 1);
                }
                return holds > 0 && !wedged;
            }
            holds++;
            nextFetch = (nextFetch + 1) % size;
        }
        return holds > 0;
    }

    private void aborted() {
        registers.set(ABORTS, registers.get(ABORTS) + 1);
        wedged = wedgesOnAbort;
    }

    /** Moves the data of the oldest descriptor; returns how many bytes that are. */
    private int move() {
        long address = quadword(BUFFER);
        long command = quadword(COMMAND);
        int bytes = (int) Math.min(LENGTH.of(command), MAX_LENGTH);
        Medium medium = FRAME.isSet(command) ? Medium.FRAMES : Medium.BLOCKS;
        boolean reads = READS.isSet(command);
        if (!reads) {
            context.fetch(medium, quadword(POSITION), data, 0, bytes);
        }
        boolean done = true;
        for (int moved = 0; moved < bytes && done;) {
            int chunk = chunk(address + moved, bytes - moved);
            done = (reads ? dma.read(address + moved, data, moved, chunk)
                    : dma.write(address + moved, data, moved, chunk)) == CompletionStatus.SUCCESS;
            moved += chunk;
        }
        if (!done) {
            aborted();
        } else if (reads) {
            context.store(medium, quadword(POSITION), data, 0, bytes);
        }
        LONG.set(completion, 0, DONE.mask() | (done ? 0 : ABORTED.mask()));
        return bytes;
    }

    /** Writes the completion of the oldest descriptor, and tells of it. */
    private void complete() {
        context.resume(tokens[oldest]);
        dma.write(places[oldest] + COMPLETION, completion, 0, completion.length);
        moving = false;
        finished = false;
        oldest = (oldest + 1) % PREFETCHED;
        holds--;
        sequence++;
        registers.set(HEAD, (registers.get(HEAD) + 1) % registers.get(SIZE));
        registers.set(CAUSE, REQUEST_DONE, 1);
        interrupts.raise(0);
    }

    /** Returns how much one request may carry: a payload, and never over a boundary of payloads. */
    private static int chunk(long address, int bytes) {
        return Math.min(bytes, PAYLOAD_BYTES - (int) (address & PAYLOAD_BYTES - 1));
    }

    private long quadword(int offset) {
        return (long) LONG.get(held, oldest * DESCRIPTOR_BYTES + offset);
    }
}
