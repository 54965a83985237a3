// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

/** A domain: one page table under one domain id. The table grows upwards when it must. */
final class Domain {

    private final int id;
    private long root;
    private int levels;

    /** @param levels of the table; 0 if requests pass unchanged */
    Domain(int id, long root, int levels) {
        this.id = id;
        this.root = root;
        this.levels = levels;
    }

    int id() {
        return id;
    }

    long root() {
        return root;
    }

    int levels() {
        return levels;
    }

    boolean passesThrough() {
        return levels == 0;
    }

    /** Puts a table of one level more on top. */
    void grow(long newRoot) {
        root = newRoot;
        levels++;
    }
}
