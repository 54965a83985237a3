// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

/**
 * The facts of disk_dump_header and kdump_sub_header of a 64-bit machine.
 *
 * <p>Source: makedumpfile, IMPLEMENTATION, "The kdump-compressed format"; versions 1 to 6.
 *
 * @param version of the header
 * @param status flags; {@link #INCOMPLETE} matters here
 * @param pages number of page frames that the bitmaps cover
 * @param bitmapOffset of the second bitmap: pages that the file holds
 * @param descriptorOffset of the first page descriptor
 * @param firstPage first page frame that this file holds pages of
 * @param endPage page frame after the last such; below {@code pages} in a part of a split dump
 * @param split whether this is a part of a split dump
 * @param vmcoreInfo where the text of VMCOREINFO lies
 * @param notes where the ELF notes lie
 */
record KdumpHeader(int version, int status, long pages, long bitmapOffset, long descriptorOffset,
        long firstPage, long endPage, boolean split, Place vmcoreInfo, Place notes) {

    /** The dump was cut short: the disk was full. */
    static final int INCOMPLETE = 8;

    /**
     * A part of the file.
     *
     * @param offset of its first byte
     * @param bytes 0 if there is no such part
     */
    record Place(long offset, int bytes) { }
}
