// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

/** Receives the lines of memory that changed since a mark. */
@FunctionalInterface
public interface ChangedLine {

    /**
     * Called once for each line of {@link PhysicalMemory#LINE_BYTES} bytes written since the mark.
     *
     * @param address of the line
     * @param before the array that holds the line's bytes as at the mark; not to be changed or kept
     * @param offset of those bytes in {@code before}
     */
    void line(long address, byte[] before, int offset);
}
