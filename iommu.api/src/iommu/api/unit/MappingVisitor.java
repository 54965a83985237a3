// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/** Receives every translation that the tables of a unit hold. */
public interface MappingVisitor {

    /**
     * A leaf of a page table.
     *
     * @param requester whose requests it translates
     * @param domainId domain id of the entry that points to the table
     * @param access {@link iommu.api.pcie.Access} bits over all levels
     */
    void mapping(int requester, int domainId, long iova, long physicalAddress, long bytes,
            int access);

    /** A requester whose requests pass unchanged. */
    void passThrough(int requester, int domainId);

    /**
     * Where the unit reads or writes structures: tables, queues, logs. Some of it is told more than
     * once, and it may reach beyond memory.
     */
    default void structure(long physicalAddress, long bytes) { }
}
