// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

/**
 * A domain: one second-stage table under one domain id.
 *
 * @param id domain id
 * @param table physical address of the top table
 * @param levels of the table, 3 to 5; 0 if requests pass through
 */
record Domain(int id, long table, int levels) {

    boolean passesThrough() {
        return levels == 0;
    }

    /** Returns the width code of context and PASID entries. */
    int addressWidthCode() {
        return levels - 2;
    }
}
