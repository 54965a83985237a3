// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/** What keeps the bytes that a device read from memory. */
public enum Medium {
    /** Blocks of a disk, found by the number of their first sector. */
    BLOCKS,
    /** Frames on a wire, by the order in which a device sent them. */
    FRAMES;

    /** Bytes of a sector, by which positions on disks are counted. */
    public static final int SECTOR_BYTES = 512;
}
