// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.ats;

import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.vtd.PageRequest;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.requests.Request;

/**
 * The page request queue: a ring in memory that the unit fills from its tail on. A request that
 * finds it full, or no memory there, sets the overflow and is dropped, and so is everything after
 * it until software clears the overflow. Either is announced by an interrupt, once until both are
 * cleared.
 *
 * <p>Source: VT-d, "Page Request Queue" and "Page Request Event Interrupt".
 */
public final class PageRequests {

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final Runnable interrupt;

    /** @param interrupt sends the message that PEADDR and PEDATA describe */
    public PageRequests(RegisterFile registers, PhysicalMemory memory, Runnable interrupt) {
        this.registers = registers;
        this.memory = memory;
        this.interrupt = interrupt;
        registers.onWrite(VtdRegisters.PECTL, (written, mask) -> {
            long control = registers.get(VtdRegisters.PECTL);
            if (!VtdRegisters.IM.isSet(control) && VtdRegisters.IP.isSet(control)) {
                registers.set(VtdRegisters.PECTL, VtdRegisters.IP, 0);
                interrupt.run();
            }
        });
        registers.onWrite(VtdRegisters.PAGE_REQUEST_STATUS, (written, mask) -> {
            if (registers.get(VtdRegisters.PAGE_REQUEST_STATUS) == 0) {
                registers.set(VtdRegisters.PECTL, VtdRegisters.IP, 0);
            }
        });
    }

    /** Queues a request; returns whether there was room. */
    boolean add(Request request, int group, boolean last) {
        long status = registers.get(VtdRegisters.PAGE_REQUEST_STATUS);
        if (VtdRegisters.PRS_PRO.isSet(status)) {
            return false;
        }
        long queue = registers.get(VtdRegisters.PQA);
        long size = (long) PhysicalMemory.PAGE_BYTES << VtdRegisters.QS.of(queue);
        long tail = VtdRegisters.PAGE_REQUEST_OFFSET.inPlace(registers.get(VtdRegisters.PQT));
        long head = VtdRegisters.PAGE_REQUEST_OFFSET.inPlace(registers.get(VtdRegisters.PQH));
        long at = VtdRegisters.IQA_BASE.inPlace(queue) + tail;
        long next = (tail + PageRequest.BYTES) % size;
        boolean room = next != head && memory.contains(at, PageRequest.BYTES);
        if (room) {
            write(at, request, group, last);
            registers.set(VtdRegisters.PQT, next);
        }
        registers.set(VtdRegisters.PAGE_REQUEST_STATUS,
                status | (room ? VtdRegisters.PPR : VtdRegisters.PRS_PRO).mask());
        if (status == 0) {
            announce();
        }
        return room;
    }

    private void announce() {
        if (VtdRegisters.IM.isSet(registers.get(VtdRegisters.PECTL))) {
            registers.set(VtdRegisters.PECTL, VtdRegisters.IP, 1);
        } else {
            interrupt.run();
        }
    }

    private void write(long at, Request request, int group, boolean last) {
        long q0 = PageRequest.TYPE.with(0, PageRequest.PAGE_REQUEST);
        q0 = PageRequest.RID.with(q0, request.source);
        if (request.hasPasid()) {
            q0 = PageRequest.PASID.with(PageRequest.PP.with(q0, 1), request.pasid);
            q0 = PageRequest.EXE.with(q0, has(request, Access.EXECUTE));
            q0 = PageRequest.PM.with(q0, has(request, Access.PRIVILEGED));
        }
        long q1 = PageRequest.ADDR.inPlace(request.address);
        q1 = PageRequest.RD.with(PageRequest.WR.with(q1, has(request, Access.WRITE)),
                has(request, Access.READ));
        q1 = PageRequest.PRGI.with(PageRequest.LPIG.with(q1, last ? 1 : 0), group);
        memory.write64(at, q0);
        memory.write64(at + 8, q1);
        memory.write64(at + 16, 0);
        memory.write64(at + 24, 0);
    }

    private static int has(Request request, int access) {
        return (request.access & access) != 0 ? 1 : 0;
    }
}
