// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

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
}
