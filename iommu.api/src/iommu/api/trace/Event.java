// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

/**
 * One event that a trace has kept, for readers.
 *
 * @param id from 1 on, in the order of events at level KEEP
 * @param nanos virtual time at which it was appended
 * @param kind says what the parts that follow are
 * @param actor who did it; {@link Trace#NOBODY} for a kernel
 * @param parent id of the event that it happened because of; 0 for none
 * @param a first word
 * @param b second word
 * @param detail null if the kind has none
 */
public record Event(int id, long nanos, EventKind kind, int actor, int parent, long a, long b,
        Object detail) { }
