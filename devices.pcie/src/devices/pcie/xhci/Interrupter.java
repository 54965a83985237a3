// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.BYTES;
import static devices.pcie.xhci.TrbLayout.CONTROL;
import static devices.pcie.xhci.TrbLayout.STATUS;
import static devices.pcie.xhci.XhciLayout.DEQUEUE;
import static devices.pcie.xhci.XhciLayout.EHB;
import static devices.pcie.xhci.XhciLayout.EINT;
import static devices.pcie.xhci.XhciLayout.ERDP;
import static devices.pcie.xhci.XhciLayout.ERSTBA;
import static devices.pcie.xhci.XhciLayout.ERSTSZ;
import static devices.pcie.xhci.XhciLayout.HCE;
import static devices.pcie.xhci.XhciLayout.IE;
import static devices.pcie.xhci.XhciLayout.IMAN;
import static devices.pcie.xhci.XhciLayout.IP;
import static devices.pcie.xhci.XhciLayout.USBSTS;

import devices.pcie.link.MemoryAccess;
import iommu.api.bits.RegisterFile;

/**
 * An interrupter and its event ring, of one segment. The segment table is read before the first
 * event after a write of its address. Moderation (IMOD) is kept and not followed: each event is
 * told at once unless the handler is busy. One thread.
 *
 * <p>Source: xHCI 1.1, "Event Ring Management", "Interrupters".
 */
final class Interrupter {

    private static final int LEAST_BLOCKS = 16;
    private static final int MOST_BLOCKS = 4096;

    private final HostController host;
    private final RegisterFile registers;
    private final MemoryAccess memory;
    private final int index;
    private final byte[] event = new byte[BYTES];
    private boolean known;
    private long segment;
    private int blocks;
    private int enqueue;
    private boolean cycle;

    Interrupter(HostController host, RegisterFile registers, MemoryAccess memory, int index) {
        this.host = host;
        this.registers = registers;
        this.memory = memory;
        this.index = index;
        registers.onWrite(ERSTBA.get(index), (written, mask) -> forget());
        registers.onWrite(ERDP.get(index), (written, mask) -> consumed(EHB.isSet(written)));
        registers.onWrite(IMAN.get(index), (written, mask) -> managed());
    }

    void forget() {
        known = false;
    }

    private void consumed(boolean handled) {
        if (handled && known && host.runs() && dequeued() != enqueue) {
            tell();
        }
        host.wake();
    }

    private void managed() {
        long management = registers.get(IMAN.get(index));
        if (!IP.isSet(management)) {
            host.interrupts().lower();
        }
    }

    /** Returns whether there is room for an event after this one. */
    boolean hasRoom() {
        return !known || (enqueue + 2) % blocks != dequeued();
    }

    private int dequeued() {
        long place = (DEQUEUE.inPlace(registers.get(ERDP.get(index))) - segment) / BYTES;
        return place < 0 || place >= blocks ? -1 : (int) place;
    }

    /** Reads the segment table; false if there is no ring. */
    private boolean load() {
        if (!known) {
            if (registers.get(ERSTSZ.get(index)) == 0) {
                return false;
            }
            if (!memory.read(registers.get(ERSTBA.get(index)), event, 0, BYTES)) {
                host.hostSystemError();
                return false;
            }
            segment = TrbRing.quadword(event, 0) & -BYTES;
            blocks = (int) TrbRing.dword(event, 8) & 0xffff;
            if (blocks < LEAST_BLOCKS || blocks > MOST_BLOCKS) {
                registers.set(USBSTS, HCE, 1);
                host.halt();
                return false;
            }
            enqueue = 0;
            cycle = true;
            known = true;
        }
        return true;
    }

    /** Writes an event, and tells of it. */
    void post(long parameter, long status, long control) {
        if (!load()) {
            return;
        }
        TrbRing.putQuadword(event, 0, parameter);
        TrbRing.putDword(event, STATUS, status);
        TrbRing.putDword(event, CONTROL, control | (cycle ? 1 : 0));
        memory.write(segment + (long) enqueue * BYTES, event, 0, BYTES);
        enqueue++;
        if (enqueue == blocks) {
            enqueue = 0;
            cycle = !cycle;
        }
        if (!EHB.isSet(registers.get(ERDP.get(index)))) {
            tell();
        }
    }

    private void tell() {
        registers.set(ERDP.get(index), EHB, 1);
        registers.set(IMAN.get(index), IP, 1);
        registers.set(USBSTS, EINT, 1);
        if (IE.isSet(registers.get(IMAN.get(index)))) {
            host.interrupt(index);
        }
    }
}
