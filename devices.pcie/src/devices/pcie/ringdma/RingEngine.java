// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

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
 * The engine. While RUN is set and it has not halted it takes one descriptor every PERIOD, from
 * HEAD up to TAIL, or round and round with STREAM.
 *
 * <p>It believes what it reads: a ring that turns into other bytes makes it move other data. An
 * aborted fetch halts an engine of the storage kind; the others try again a period later. Its
 * requests go through a translation cache of its own while its function's services are on. It tells
 * of each request done by interrupt 0. One thread.
 */
final class RingEngine implements Device {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ALL_ONES = -1;
    /** Option: the instant at which the device is pulled out of its slot. */
    static final String GONE_FROM_NANOS = "goneFromNanos";

    private final DeviceContext context;
    private final TranslatedDma dma;
    private final Interrupts interrupts;
    private final int bar;
    private final long goneFromNanos;
    private final boolean haltsOnAbort;
    private final RegisterFile registers = new RegisterFile(REGISTER_BYTES,
            List.of(CTRL, STATUS, RING, SIZE, HEAD, TAIL, PERIOD, ABORTS, CAUSE));
    private final byte[] descriptor = new byte[DESCRIPTOR_BYTES];
    private final byte[] data = new byte[MAX_LENGTH];
    private final byte[] completion = new byte[8];
    private long sequence;
    private int generation;
    private boolean ticking;

    RingEngine(DeviceContext context, boolean haltsOnAbort) {
        this.context = context;
        this.dma = new TranslatedDma(context);
        this.interrupts = context.interrupts();
        this.bar = RingLayout.bar(context.function());
        this.goneFromNanos = context.option(GONE_FROM_NANOS, Long.MAX_VALUE);
        this.haltsOnAbort = haltsOnAbort;
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
        if (offset < REGISTER_BYTES) {
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
        generation++;
        ticking = false;
        context.dropped();
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

    private void wake() {
        if (!ticking && hasWork()) {
            ticking = true;
            int mine = generation;
            context.schedule(registers.get(PERIOD), new Runnable() {
                @Override
                public void run() {
                    if (mine == generation) {
                        tick(this);
                    }
                }
            });
        }
    }

    private void tick(Runnable again) {
        if (hasWork()) {
            execute();
        }
        ticking = hasWork();
        if (ticking) {
            context.schedule(registers.get(PERIOD), again);
        }
    }

    private boolean hasWork() {
        long control = registers.get(CTRL);
        return present() && RUN.isSet(control) && !HALTED.isSet(registers.get(STATUS))
                && registers.get(SIZE) != 0 && registers.get(PERIOD) != 0
                && (STREAM.isSet(control) || registers.get(HEAD) != registers.get(TAIL));
    }

    private void execute() {
        long head = registers.get(HEAD);
        long at = registers.get(RING) + head * DESCRIPTOR_BYTES;
        context.request(sequence);
        if (dma.read(at, descriptor, 0, DESCRIPTOR_BYTES) != CompletionStatus.SUCCESS) {
            registers.set(ABORTS, registers.get(ABORTS) + 1);
            if (haltsOnAbort) {
                registers.set(STATUS, HALTED, 1);
            }
            return;
        }
        boolean done = transfer();
        LONG.set(completion, 0, DONE.mask() | (done ? 0 : ABORTED.mask()));
        dma.write(at + COMPLETION, completion, 0, completion.length);
        sequence++;
        registers.set(HEAD, (head + 1) % registers.get(SIZE));
        registers.set(CAUSE, REQUEST_DONE, 1);
        interrupts.raise(0);
    }

    private boolean transfer() {
        long address = quadword(BUFFER);
        long command = quadword(COMMAND);
        int bytes = (int) Math.min(LENGTH.of(command), MAX_LENGTH);
        Medium medium = FRAME.isSet(command) ? Medium.FRAMES : Medium.BLOCKS;
        boolean reads = READS.isSet(command);
        if (!reads) {
            context.fetch(medium, quadword(POSITION), data, 0, bytes);
        }
        for (int done = 0; done < bytes;) {
            int chunk = chunk(address + done, bytes - done);
            CompletionStatus status = reads ? dma.read(address + done, data, done, chunk)
                    : dma.write(address + done, data, done, chunk);
            if (status != CompletionStatus.SUCCESS) {
                registers.set(ABORTS, registers.get(ABORTS) + 1);
                return false;
            }
            done += chunk;
        }
        if (reads) {
            context.store(medium, quadword(POSITION), data, 0, bytes);
        }
        return true;
    }

    /** Returns how much one request may carry: a payload, and never over a boundary of payloads. */
    private static int chunk(long address, int bytes) {
        return Math.min(bytes, PAYLOAD_BYTES - (int) (address & PAYLOAD_BYTES - 1));
    }

    private long quadword(int offset) {
        return (long) LONG.get(descriptor, offset);
    }
}
