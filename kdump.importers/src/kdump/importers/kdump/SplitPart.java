// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

/**
 * Which part of a split dump a file is. Source: makedumpfile, "--split"; kdump_sub_header.
 *
 * @param firstPage first page frame that it holds pages of
 * @param endPage page frame after the last such
 * @param pages number of page frames of the whole dump
 * @param identity what the parts of one dump have in common: machine, kernel, time
 */
public record SplitPart(long firstPage, long endPage, long pages, String identity) {

    /** Returns whether another file is a part of the same dump. */
    public boolean goesWith(SplitPart other) {
        return other != null && other.pages == pages && other.identity.equals(identity);
    }
}
