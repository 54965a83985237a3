// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * In which order a kernel gives out the I/O virtual addresses of a domain.
 *
 * @param kind where it begins
 * @param bits width of the addresses of the domain; 32 to 64; from 4 GiB on addresses go to
 *     functions that can send that many bits only
 * @param spared addresses of devices that are not given out: a request that goes from peer to peer
 *     would not get to the unit
 */
public record IovaOrder(Kind kind, int bits, Spared spared) {

    /** Which addresses of devices are not given out. */
    public enum Spared {
        /** Any may be. */
        NONE,
        /** Those of the memory behind base address registers. */
        FUNCTIONS,
        /** All in windows of host bridges. */
        WINDOWS
    }

    /** Where a search begins. */
    public enum Kind {
        /** At 4 GiB and down; where those are used up, at the top of the domain and down. */
        LOW_FIRST,
        /** At the top of the domain and down. */
        WHOLE_RANGE,
        /** At page 1 and up, below 4 GiB. */
        UPWARDS
    }

    /** From 4 GiB down, and no others. */
    public static final IovaOrder LOW =
            new IovaOrder(Kind.LOW_FIRST, Integer.SIZE, Spared.NONE);

    /** Checks the width. */
    public IovaOrder {
        if (bits < Integer.SIZE || bits > Long.SIZE) {
            throw new IllegalArgumentException(bits + " bits of I/O virtual addresses");
        }
    }
}
