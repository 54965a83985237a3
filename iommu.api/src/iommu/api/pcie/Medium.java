// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/** What keeps the bytes that a device read from memory. */
public enum Medium {
    /** Blocks of a disk. */
    BLOCKS,
    /** Frames on a wire. */
    FRAMES
}
