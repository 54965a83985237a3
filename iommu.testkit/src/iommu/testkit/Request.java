// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;

/**
 * One request of a device, as it arrived above the root ports.
 *
 * @param kind what it asks
 * @param function that made it
 * @param alias the requester id that it carries
 * @param address that it carries; 0 of an answer to an invalidation
 * @param untranslated what a translated request's address was translated from, else the address
 * @param value how many bytes it moves; of a translation request the {@link Access} bits, of an
 *     answer to an invalidation its tag
 */
public record Request(Kind kind, int function, int alias, long address, long untranslated,
        int value) {

    /** What a request asks. */
    public enum Kind {
        /** Untranslated, non-posted. */
        READ,
        /** Untranslated, posted. */
        WRITE,
        /** For a translation. */
        TRANSLATION,
        /** With a translated address, non-posted. */
        TRANSLATED_READ,
        /** With a translated address, posted. */
        TRANSLATED_WRITE,
        /** No request at all: the answer to an invalidation. */
        INVALIDATION_COMPLETED
    }

    /** Returns kind, address and value in short: "read 1000 4", "translation 5000 rw". */
    public String brief() {
        String name = kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
        return switch (kind) {
            case READ, WRITE -> name + " " + hex(address) + " " + value;
            case TRANSLATION -> name + " " + hex(address) + " " + Access.format(value);
            case TRANSLATED_READ, TRANSLATED_WRITE -> name + " " + hex(address) + " for "
                    + hex(untranslated);
            case INVALIDATION_COMPLETED -> name + " " + value;
        };
    }

    /** Returns what {@link #brief} does, and who made the request. */
    @Override
    public String toString() {
        return brief() + " by " + RequesterId.formatShort(function) + " as "
                + RequesterId.formatShort(alias);
    }

    private static String hex(long number) {
        return Long.toHexString(number);
    }
}
