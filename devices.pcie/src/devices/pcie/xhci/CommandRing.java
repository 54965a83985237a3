// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.BYTES;
import static devices.pcie.xhci.TrbLayout.CODE;
import static devices.pcie.xhci.TrbLayout.COMMAND_EVENT;
import static devices.pcie.xhci.TrbLayout.RING_STOPPED;
import static devices.pcie.xhci.TrbLayout.SLOT;
import static devices.pcie.xhci.TrbLayout.TYPE;
import static devices.pcie.xhci.XhciLayout.COMMAND_ABORT;
import static devices.pcie.xhci.XhciLayout.COMMAND_STOP;
import static devices.pcie.xhci.XhciLayout.CRCR;
import static devices.pcie.xhci.XhciLayout.CRR;
import static devices.pcie.xhci.XhciLayout.RCS;
import static devices.pcie.xhci.XhciLayout.RING;

import devices.pcie.link.MemoryAccess;
import devices.pcie.link.Timer;
import iommu.api.bits.RegisterFile;

/**
 * The command ring: one command after the other, each with its completion event. One thread.
 *
 * <p>Source: xHCI 1.1, "Command Ring", "Command Ring Control Register (CRCR)".
 */
final class CommandRing {

    /** What a command takes; assumed. */
    private static final long COMMAND_NANOS = 2_000;

    private final HostController host;
    private final RegisterFile registers;
    private final Slots slots;
    private final TrbRing ring;
    private final Timer next;
    private final byte[] block = new byte[BYTES];
    private boolean rung;
    private long number;

    CommandRing(HostController host, RegisterFile registers, MemoryAccess memory, Slots slots) {
        this.host = host;
        this.registers = registers;
        this.slots = slots;
        ring = new TrbRing(memory);
        next = new Timer(host.context(), this::step);
        registers.onWrite(CRCR, (written, mask) -> control(written));
    }

    private void control(long written) {
        long pointer = registers.get(CRCR);
        if (!CRR.isSet(pointer)) {
            if (COMMAND_STOP.isSet(pointer) || COMMAND_ABORT.isSet(pointer)) {
                return; // the second half of a write that has stopped it
            }
            ring.set(RING.inPlace(pointer), RCS.isSet(pointer));
        } else if (COMMAND_STOP.isSet(written) || COMMAND_ABORT.isSet(written)) {
            next.cancel();
            registers.set(CRCR, CRR, 0);
            host.context().request(number);
            host.event(ring.dequeue(), CODE.with(0, RING_STOPPED), TYPE.with(0, COMMAND_EVENT));
        }
    }

    void forget() {
        next.cancel();
        ring.set(0, false);
        rung = false;
        number = 0;
    }

    void ring() {
        registers.set(CRCR, CRR, 1);
        rung = true;
        wake();
    }

    void wake() {
        if (rung && CRR.isSet(registers.get(CRCR)) && !next.isSet()) {
            next.set(COMMAND_NANOS);
        }
    }

    private void step() {
        if (!host.works() || !CRR.isSet(registers.get(CRCR))) {
            return;
        }
        host.context().request(number);
        switch (ring.next(block, 0)) {
            case BLOCK -> {
                number++;
                int code = slots.execute(block);
                if (host.runs()) {
                    complete(code);
                    next.set(COMMAND_NANOS);
                }
            }
            case ABORTED -> host.hostSystemError();
            default -> rung = false;
        }
    }

    private void complete(int code) {
        int slot = slots.answered();
        host.event(ring.dequeue() - BYTES, CODE.with(0, code),
                TYPE.with(0, COMMAND_EVENT) | SLOT.with(0, slot));
    }
}
