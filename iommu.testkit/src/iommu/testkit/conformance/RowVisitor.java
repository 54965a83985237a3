// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.unit.MappingVisitor;

/** Hears mappings of pages and nothing else. */
record RowVisitor(Row row) implements MappingVisitor {

    /** Hears one. */
    @FunctionalInterface
    interface Row {

        void of(int requester, long iova, long physicalAddress, int access);
    }

    @Override
    public void mapping(int requester, int domainId, long iova, long physicalAddress, long bytes,
            int access) {
        row.of(requester, iova, physicalAddress, access);
    }

    @Override
    public void passThrough(int requester, int domainId) { }
}
