// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.trace;

import iommu.api.pcie.RequesterId;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.RemappingUnit;

/** The events of QEMU's amd-iommu. Source: the logs of QEMU 7.2.22 and 11.1.3. */
final class AmdTrace extends UnitTrace {

    private static final String RESULT = "amdvi_translation_result";
    private static final String PAGE_FAULT = "amdvi_page_fault";
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

    private void result(int requester, long address, long page) {
        if (results) {
            log.line(RESULT, String.format("devid: %02x:%02x.%x gpa 0x%x hpa 0x%x",
                    RequesterId.bus(requester), requester >>> 3 & 0x1f, requester & 7, address,
                    page));
        }
    }
}
