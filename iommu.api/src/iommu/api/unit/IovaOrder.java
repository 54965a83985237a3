// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * In which order a kernel gives out the I/O virtual addresses of a domain.
 *
 * @param kind where it begins
 * @param bits width of the addresses of the domain; 32 to 64; from 4 GiB on addresses go to
 *     functions that can send that many bits only
 */
public record IovaOrder(Kind kind, int bits) {

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
    public static final IovaOrder LOW = new IovaOrder(Kind.LOW_FIRST, Integer.SIZE);

    /** Checks the width. */
    public IovaOrder {
        if (bits < Integer.SIZE || bits > Long.SIZE) {
            throw new IllegalArgumentException(bits + " bits of I/O virtual addresses");
        }
    }
}
