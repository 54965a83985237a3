// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import kdump.lab.api.Mappings;

/**
 * Passes the translations of one unit on. One thread.
 *
 * @param unit index of the unit
 * @param wanted requester; negative for all
 * @param rows are told
 * @param progress is told of each, wanted or not
 */
record MappingRows(int unit, int wanted, Mappings rows, WorkProgress progress)
        implements MappingVisitor {

    @Override
    public void mapping(int requester, int domainId, long iova, long physicalAddress, long bytes,
            int access) {
        progress.answered();
        if (wanted < 0 || wanted == requester) {
            rows.mapping(unit, requester, domainId, iova, physicalAddress, bytes,
                    Access.format(access));
        }
    }

    @Override
    public void passThrough(int requester, int domainId) {
        progress.answered();
        if (wanted < 0 || wanted == requester) {
            rows.passThrough(unit, requester, domainId);
        }
    }
}
