// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.BYTES;
import static devices.pcie.xhci.TrbLayout.CHAIN;
import static devices.pcie.xhci.TrbLayout.CODE;
import static devices.pcie.xhci.TrbLayout.CONTEXT_BYTES;
import static devices.pcie.xhci.TrbLayout.CONTEXT_STATE_ERROR;
import static devices.pcie.xhci.TrbLayout.CONTROL;
import static devices.pcie.xhci.TrbLayout.CYCLE;
import static devices.pcie.xhci.TrbLayout.DEQUEUE_AT;
import static devices.pcie.xhci.TrbLayout.ENDPOINT;
import static devices.pcie.xhci.TrbLayout.ENDPOINT_STATE;
import static devices.pcie.xhci.TrbLayout.IMMEDIATE;
import static devices.pcie.xhci.TrbLayout.IN;
import static devices.pcie.xhci.TrbLayout.IOC;
import static devices.pcie.xhci.TrbLayout.LENGTH;
import static devices.pcie.xhci.TrbLayout.MAX_PACKET;
import static devices.pcie.xhci.TrbLayout.RESIDUE;
import static devices.pcie.xhci.TrbLayout.SHORT_PACKET;
import static devices.pcie.xhci.TrbLayout.SHORT_TOO;
import static devices.pcie.xhci.TrbLayout.SLOT;
import static devices.pcie.xhci.TrbLayout.STALL;
import static devices.pcie.xhci.TrbLayout.STATUS;
import static devices.pcie.xhci.TrbLayout.STOPPED;
import static devices.pcie.xhci.TrbLayout.SUCCESS;
import static devices.pcie.xhci.TrbLayout.TRANSFER_EVENT;
import static devices.pcie.xhci.TrbLayout.TRB_ERROR;
import static devices.pcie.xhci.TrbLayout.TYPE;

import devices.pcie.link.MemoryAccess;
import devices.pcie.link.Timer;
import devices.pcie.usb.AttachedDevice;

/**
 * An endpoint and its transfer ring. It fetches up to {@value #PREFETCHED} blocks at a time and
 * holds them with the addresses in them; data moves in bursts of at most a page at the speed of the
 * bus, then comes the event. An endpoint whose device has nothing keeps what it holds and reads
 * memory no more until the device has something. One thread.
 *
 * <p>Source: xHCI 1.1, "Transfer Ring", "Endpoint Context", "Stopping a Transfer Ring".
 */
final class Endpoint {

    static final int PREFETCHED = 8;
    private static final int RUNNING = 1;
    private static final int HALTED = 2;
    private static final int STOPPED_STATE = 3;
    private static final int ERROR = 4;
    private static final int BURST = 4096;
    private static final int PACKET_AT = 4;
    /** 5 Gb/s by 8 of 10 bits, less what packets need. */
    private static final int BYTES_PER_MICROSECOND = 400;
    /** What a block takes whatever its data; assumed. */
    private static final long BLOCK_NANOS = 200;
    private static final int ENDPOINTS = 5;

    private final HostController host;
    private final MemoryAccess memory;
    private final Slot slot;
    private final int index;
    private final AttachedDevice device;
    private final TrbRing ring;
    private final Timer next;
    private final byte[] context = new byte[CONTEXT_BYTES];
    private final byte[] held = new byte[PREFETCHED * BYTES];
    private final long[] addresses = new long[PREFETCHED];
    private final int[] tokens = new int[PREFETCHED];
    private final byte[] data = new byte[BURST];
    private int oldest;
    private int holds;
    private int moved;
    private boolean finished;
    private boolean skipping;
    private boolean rung;
    private int state = RUNNING;
    private long number;

    Endpoint(HostController host, MemoryAccess memory, Slot slot, int index, byte[] initial) {
        this.host = host;
        this.memory = memory;
        this.slot = slot;
        this.index = index;
        device = slot.device();
        ring = new TrbRing(memory);
        next = new Timer(host.context(), this::step);
        System.arraycopy(initial, 0, context, 0, CONTEXT_BYTES);
        long position = TrbRing.quadword(context, DEQUEUE_AT);
        ring.set(position, CYCLE.isSet(position));
        number = (long) (slot.number() << ENDPOINTS | index) << Integer.SIZE;
        publish();
    }

    private void publish() {
        TrbRing.putDword(context, 0,
                ENDPOINT_STATE.with(TrbRing.dword(context, 0), state));
        TrbRing.putQuadword(context, DEQUEUE_AT, ring.position());
        memory.write(slot.contextOf(index), context, 0, CONTEXT_BYTES);
    }

    // ---- commands -------------------------------------------------------------------------------

    /** Takes the largest packet from a context. */
    void evaluate(byte[] wanted) {
        TrbRing.putField(context, PACKET_AT, MAX_PACKET, wanted);
        publish();
    }

    void end() {
        next.cancel();
        state = 0;
    }

    int reset() {
        if (state != HALTED) {
            return CONTEXT_STATE_ERROR;
        }
        halt(STOPPED_STATE);
        return SUCCESS;
    }

    int stop() {
        if (state != RUNNING) {
            return CONTEXT_STATE_ERROR;
        }
        if (holds > 0) {
            tell(STOPPED, length() - moved);
        }
        halt(STOPPED_STATE);
        return SUCCESS;
    }

    int set(long position) {
        if (state != STOPPED_STATE && state != ERROR) {
            return CONTEXT_STATE_ERROR;
        }
        ring.set(position, CYCLE.isSet(position));
        halt(STOPPED_STATE);
        return SUCCESS;
    }

    /** Stands still from here on; what is held is fetched again. */
    private void halt(int newState) {
        if (holds > 0) {
            ring.set(addresses[oldest], CYCLE.isSet(control()));
        }
        next.cancel();
        holds = 0;
        moved = 0;
        finished = false;
        rung = false;
        state = newState;
        publish();
    }

    void ring() {
        rung = true;
        if (state == STOPPED_STATE) {
            state = RUNNING;
            publish();
        }
        wake();
    }

    void wake() {
        if ((rung || holds > 0) && state == RUNNING && !next.isSet()) {
            next.set(BLOCK_NANOS);
        }
    }

    /** Its device has something now. */
    void ready() {
        if (holds > 0) {
            wake();
        }
    }

    // ---- work -----------------------------------------------------------------------------------

    private void step() {
        if (!host.works() || state != RUNNING || holds == 0 && !(rung && fetch())) {
            return;
        }
        host.context().resume(tokens[oldest]);
        if (finished) {
            complete(SUCCESS, 0);
        } else {
            work();
        }
    }

    /** Fetches what is there, as much as fits; returns whether there is anything. */
    private boolean fetch() {
        oldest = 0;
        long first = number;
        while (holds < PREFETCHED) {
            tokens[holds] = host.context().request(first);
            TrbRing.Found found = ring.next(held, holds * BYTES);
            if (found == TrbRing.Found.ABORTED) {
                host.hostSystemError();
                return false;
            }
            if (found != TrbRing.Found.BLOCK) {
                rung = false;
                break;
            }
            addresses[holds] = ring.dequeue() - BYTES;
            if (!CHAIN.isSet(TrbRing.dword(held, holds * BYTES + CONTROL))) {
                first++;
            }
            holds++;
        }
        return holds > 0;
    }

    private void work() {
        int type = (int) TYPE.of(control());
        if (skipping || type == TrbLayout.NO_OP) {
            complete(SUCCESS, 0);
        } else if (type == TrbLayout.SETUP && index == 1) {
            after(device.setup(parameter()) ? 0 : AttachedDevice.STALLS, true);
        } else if (type == TrbLayout.NORMAL || type == TrbLayout.DATA) {
            move();
        } else if (type == TrbLayout.STATUS_STAGE) {
            after(0, true);
        } else {
            tell(TRB_ERROR, 0);
            halt(ERROR);
        }
    }

    private void move() {
        long length = length();
        long address = parameter() + moved;
        int bytes = (int) Math.min(length - moved, BURST - (address & BURST - 1));
        if (bytes == 0) {
            after(0, true);
            return;
        }
        boolean in = index == 1 ? IN.isSet(control()) : (index & 1) != 0;
        if (in) {
            int given = device.in(index, data, bytes);
            if (given > 0) {
                memory.write(address, data, 0, given);
            }
            after(given, moved + given == length);
            if (given >= 0 && given < bytes) {
                skipping = CHAIN.isSet(control());
                complete(SHORT_PACKET, length - moved);
            }
        } else if (IMMEDIATE.isSet(control())) {
            TrbRing.putQuadword(data, 0, parameter());
            after(device.out(index, data, (int) Math.min(length, Long.BYTES)), true);
        } else if (memory.read(address, data, 0, bytes)) {
            after(device.out(index, data, bytes), moved + bytes == length);
        } else {
            host.hostSystemError();
        }
    }

    /** Goes on after so many bytes, which took their time on the bus, or stalls, or waits. */
    private void after(int bytes, boolean all) {
        if (bytes == AttachedDevice.STALLS) {
            tell(STALL, length() - moved);
            halt(HALTED);
        } else if (bytes != AttachedDevice.NOT_READY) {
            moved += bytes;
            finished = all;
            next.set(BLOCK_NANOS + bytes * 1000L / BYTES_PER_MICROSECOND);
        }
    }

    private void complete(int code, long residue) {
        long control = control();
        if (IOC.isSet(control) || code == SHORT_PACKET && SHORT_TOO.isSet(control)) {
            tell(code, residue);
        }
        if (!CHAIN.isSet(control)) {
            number++;
            skipping = false;
        }
        oldest++;
        holds--;
        moved = 0;
        finished = false;
        if (holds > 0 || rung) {
            next.set(BLOCK_NANOS);
        }
    }

    private void tell(int code, long residue) {
        host.event(addresses[oldest], CODE.with(RESIDUE.with(0, residue), code),
                TYPE.with(0, TRANSFER_EVENT) | ENDPOINT.with(0, index)
                        | SLOT.with(0, slot.number()));
    }

    private long parameter() {
        return TrbRing.quadword(held, oldest * BYTES);
    }

    private long length() {
        return LENGTH.of(TrbRing.dword(held, oldest * BYTES + STATUS));
    }

    private long control() {
        return TrbRing.dword(held, oldest * BYTES + CONTROL);
    }
}
