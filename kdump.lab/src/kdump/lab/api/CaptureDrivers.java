// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.Set;

/**
 * Which devices the capture kernel has drivers for: an initrd made for kdump has those of the dump
 * target, and all other devices go on with what they were doing.
 *
 * @param kind which
 * @param requesters by requester id, where they are named; empty otherwise
 */
public record CaptureDrivers(Kind kind, Set<Integer> requesters) {

    /** How drivers are chosen. */
    public enum Kind {
        /** For those that the machine's files say it has them for; for all where they do not. */
        AS_FOUND,
        /** For all devices. */
        ALL,
        /** For the disk controller that the dump goes to, and no other. */
        DUMP_TARGET,
        /** For those that are named. */
        NAMED
    }

    /** What the machine's files say. */
    public static final CaptureDrivers DEFAULT = new CaptureDrivers(Kind.AS_FOUND, Set.of());

    /** Copies the set. */
    public CaptureDrivers {
        requesters = Set.copyOf(requesters);
        if (requesters.isEmpty() == (kind == Kind.NAMED)) {
            throw new IllegalArgumentException("drivers " + kind + " for " + requesters);
        }
    }
}
