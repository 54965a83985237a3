// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

/**
 * Is told each event of a trace as it is appended, at every level. Called from within whatever
 * appends: must not act on hardware or kernels, nor append.
 */
@FunctionalInterface
public interface TraceSink {

    /**
     * Takes an event; see {@link EventKind} for what its parts are.
     *
     * @param id of the event; 0 if it is not kept
     * @param detail null if the kind has none
     */
    void event(int id, EventKind kind, int actor, long a, long b, Object detail);
}
