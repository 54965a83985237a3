// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * How much of the crashed kernel's tables a capture kernel copies when it adopts them. What is not
 * copied stays where it is, and is in the hands of whatever writes to old memory.
 */
public enum AdoptDepth {
    /** Root and context tables are copied, page tables stay where they are (Linux on VT-d). */
    CONTEXTS,
    /** Page tables are copied too (Li and Sumner, October 2014). */
    PAGE_TABLES,
    /**
     * The root table stays in use and is pointed to copies of the context tables (Roedel, October
     * 2014): root entries of the crashed kernel's memory change.
     */
    REUSE_ROOT,
    /** Nothing is copied: entries are changed in the crashed kernel's memory. */
    IN_PLACE,
    /**
     * All is copied, page tables too, and a function keeps its domain when its driver maps: the old
     * mappings stay beside the new ones, which are given other addresses (Li and Sumner, October
     * 2014).
     */
    KEEP_COPIED,
    /**
     * Nothing is copied and a function keeps its domain when its driver maps: entries of the
     * crashed kernel's tables that are in use stay, those that are free are used (POWER; Calgary
     * since "use the first kernels TCE tables in kdump").
     */
    KEEP_IN_PLACE;

    /** Returns whether functions keep their domains, with what is mapped in them. */
    public boolean keepsDomains() {
        return this == KEEP_COPIED || this == KEEP_IN_PLACE;
    }

    /** Returns whether page tables are copied. */
    public boolean copiesPageTables() {
        return this == PAGE_TABLES || this == KEEP_COPIED;
    }
}
