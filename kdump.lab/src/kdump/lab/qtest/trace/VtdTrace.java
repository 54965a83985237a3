// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.trace;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.RemappingUnit;

/** The events of QEMU's intel-iommu. Source: the logs of QEMU 7.2.22 and 11.1.3. */
final class VtdTrace extends UnitTrace {

    private static final String TRANSLATE = "vtd_dmar_translate";
    private static final String FAULT = "vtd_dmar_fault";
    private static final String RECORD = "vtd_frr_new";
    private static final String MESSAGE = "vtd_ir_remap_msi_req";
    private static final String ENTRY = "vtd_ir_remap";
    private static final String KIND = "vtd_ir_remap_type";
    private static final String REMAPPED = "vtd_ir_remap_msi";
    private static final int SUBHANDLE_VALID = 1 << 3;
    private static final int FAULT_RECORD = 0x220;
    private static final long RECORD_IS_NEW = 1L << 63;

    private final EventLog log;
    private final boolean translations;
    private final boolean faults;
    private final boolean records;

    VtdTrace(RemappingUnit unit, EventLog log) {
        // a source that is known to pass goes around the unit
        super(unit, false);
        this.log = log;
        translations = log.wants(TRANSLATE);
        faults = log.wants(FAULT);
        records = log.wants(RECORD);
    }

    @Override
    void passed(int requester, long address, long page, long inPage) {
        if (translations) {
            log.line(TRANSLATE, String.format("dev %02x:%02x.%02x iova 0x%x -> gpa 0x%x mask 0x%x",
                    RequesterId.bus(requester), requester >>> 3 & 0x1f, requester & 7,
                    address & ~inPage, page, inPage));
        }
    }

    @Override
    void blocked(int requester, long address, FaultRecord what) {
        if (isSuppressed()) {
            return;
        }
        if (faults) {
            log.line(FAULT, String.format("sid 0x%x fault %d addr 0x%x write %d", requester,
                    what.reason(), address, what.access() == Access.WRITE ? 1 : 0));
        }
        record();
    }

    private void record() {
        if (records && isRecorded()) {
            log.line(RECORD, String.format("index 0 high 0x%x low 0x%x",
                    unit.readRegister(FAULT_RECORD + 8, 8) & ~RECORD_IS_NEW,
                    unit.readRegister(FAULT_RECORD, 8)));
        }
    }

    @Override
    void told(int requester, long address, int data, long interrupt) {
        log.tell(MESSAGE, "addr 0x%x data 0x%x", address, data);
        if (Interrupt.isBlocked(interrupt)) {
            record();
            return;
        }
        long to = address;
        long as = data;
        if (!Interrupt.isUnchanged(interrupt)) {
            log.tell(ENTRY, "index %d trigger %d vector %d deliver %d dest 0x%x mode %d",
                    index(address, data), Interrupt.isLevel(interrupt) ? 1 : 0,
                    Interrupt.vector(interrupt), Interrupt.deliveryMode(interrupt),
                    Interrupt.destination(interrupt), Interrupt.isLogical(interrupt) ? 1 : 0);
            // of an entry that the data selects; without, QEMU takes the sender for an IOAPIC
            log.tell(KIND, (address & SUBHANDLE_VALID) != 0 ? "MSI" : "IOAPIC");
            to = remappedAddress(interrupt);
            as = remappedData(interrupt);
        }
        log.tell(REMAPPED, "(addr 0x%x, data 0x%x) -> (addr 0x%x, data 0x%x)", address, data, to,
                as);
    }

    /** Handle in bits 19:5 and 2, and with bit 3 the subhandle in the data. */
    private static long index(long address, int data) {
        return (address >>> 5 & 0x7fff | (address & 4) << 13)
                + ((address & SUBHANDLE_VALID) != 0 ? data & 0xffff : 0);
    }
}
