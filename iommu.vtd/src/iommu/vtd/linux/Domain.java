// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.PasidEntry;

/**
 * A domain: one table under one domain id.
 *
 * @param id domain id
 * @param table physical address of the top table
 * @param levels of the table, 3 to 5; 0 if requests pass through
 * @param stage of which the table is
 */
record Domain(int id, long table, int levels, TableFormat stage) {

    boolean passesThrough() {
        return levels == 0;
    }

    boolean firstStage() {
        return stage.firstStage();
    }

    /** Returns the width code of context and PASID entries. */
    int addressWidthCode() {
        return levels - 2;
    }

    /**
     * Writes a PASID table entry that leads to it, present last. Source: Linux, intel/pasid.c,
     * intel_pasid_setup_first_level, _second_level, _pass_through.
     *
     * @param at where the entry lies
     * @param widthCode of the addresses of requests
     */
    void write(KernelPort port, long at, int widthCode) {
        port.write64(at + 8, PasidEntry.DID.with(0, id));
        long q0 = PasidEntry.AW.with(PasidEntry.P.mask(), widthCode);
        if (firstStage()) {
            long q2 = PasidEntry.NXE.with(table, stage == TableFormat.NO_EXECUTE ? 1 : 0);
            port.write64(at + 16, PasidEntry.FSPM.with(q2,
                    levels == 5 ? PasidEntry.FIVE_LEVELS : 0));
            port.write64(at, PasidEntry.PGTT.with(q0, PasidEntry.PGTT_FIRST_STAGE));
        } else {
            port.write64(at + 16, PasidEntry.SRE.mask());
            port.write64(at, PasidEntry.PGTT.with(q0 | table,
                    passesThrough() ? PasidEntry.PGTT_PASS_THROUGH
                            : PasidEntry.PGTT_SECOND_STAGE));
        }
    }

    /** Returns that of an entry's first three words; null if it is nested or of no kind. */
    static Domain of(long q0, long q1, long q2) {
        int id = (int) PasidEntry.DID.of(q1);
        return switch ((int) PasidEntry.PGTT.of(q0)) {
            case PasidEntry.PGTT_FIRST_STAGE -> new Domain(id, PasidEntry.FSPTPTR.inPlace(q2),
                    PasidEntry.FSPM.of(q2) == PasidEntry.FIVE_LEVELS ? 5 : 4,
                    PasidEntry.NXE.isSet(q2) ? TableFormat.NO_EXECUTE : TableFormat.FIRST_STAGE);
            case PasidEntry.PGTT_SECOND_STAGE -> new Domain(id, PasidEntry.SSPTPTR.inPlace(q0),
                    (int) PasidEntry.AW.of(q0) + 2, TableFormat.SECOND_STAGE);
            case PasidEntry.PGTT_PASS_THROUGH -> new Domain(id, 0, 0, TableFormat.SECOND_STAGE);
            default -> null;
        };
    }
}
