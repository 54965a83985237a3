// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.trace;

import iommu.api.pcie.RequesterId;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.RemappingUnit;

/** The events of QEMU's amd-iommu. Source: the logs of QEMU 7.2.22 and 11.1.3. */
final class AmdTrace extends UnitTrace {

    private static final String RESULT = "amdvi_translation_result";
    private static final String PAGE_FAULT = "amdvi_page_fault";
    private static final String WRITTEN = "amdvi_mem_ir_write_req";
    private static final String MESSAGE = "amdvi_ir_remap_msi_req";
    private static final String REMAPPED = "amdvi_ir_remap_msi";
    private static final String SENT = "amdvi_mem_ir_write";
    /** Where messages are written, and the size of that range less one. */
    private static final long RANGE = 0xf_ffff;
    /** What the log has of a sender. */
    private static final int FUNCTION = 0xff;
    private static final String KEY_OF_PAGE_FAULT = "amdvi:IO_PAGE_FAULT";

    private final EventLog log;
    private final boolean results;
    private final boolean pageFaults;

    /**
     * @param tellsPassing whether requests that go around the tables are told, as up to QEMU 10;
     *     later ones have a device either pass the unit unseen, or its requests looked up
     */
    AmdTrace(RemappingUnit unit, boolean tellsPassing, EventLog log) {
        super(unit, tellsPassing);
        this.log = log;
        results = log.wants(RESULT);
        pageFaults = log.wants(PAGE_FAULT);
    }

    @Override
    void passed(int requester, long address, long page, long inPage) {
        result(requester, address, page);
    }

    @Override
    void blocked(int requester, long address, FaultRecord what) {
        if (pageFaults && what.key().equals(KEY_OF_PAGE_FAULT)) {
            log.line(PAGE_FAULT, String.format(
                    "error: page fault accessing guest physical address 0x%x", address));
        }
        result(requester, address, 0);
    }

    @Override
    void told(int requester, long address, int data, long interrupt) {
        log.tell(WRITTEN, "addr 0x%x data 0x%x size 0x4", address & RANGE, data);
        log.tell(MESSAGE, "addr 0x%x data 0x%x devid 0x%x", address, data,
                requester & FUNCTION);
        if (Interrupt.isBlocked(interrupt)) {
            return;
        }
        boolean same = Interrupt.isUnchanged(interrupt);
        long to = same ? address : remappedAddress(interrupt);
        long as = same ? data : remappedData(interrupt);
        log.tell(REMAPPED, "(addr 0x%x, data 0x%x) -> (addr 0x%x, data 0x%x)", address, data, to,
                as);
        log.tell(SENT, "addr 0x%x data 0x%x", to, as);
    }

    private void result(int requester, long address, long page) {
        if (results) {
            log.line(RESULT, String.format("devid: %02x:%02x.%x gpa 0x%x hpa 0x%x",
                    RequesterId.bus(requester), requester >>> 3 & 0x1f, requester & 7, address,
                    page));
        }
    }
}
