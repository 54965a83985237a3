// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.sim.EventQueue;

/** Knows which of the services that a run uses are still there. Thread-safe. */
@FunctionalInterface
public interface Presence {

    /** All are there for ever: what no framework has handed out cannot be taken away. */
    Presence FOREVER = service -> null;

    /**
     * Returns what became of a service.
     *
     * @param service itself, by identity; one that nobody has handed out is there
     * @return null while it is there; else who was withdrawn, in words: "bundle iommu.vtd 0.1.0,
     *     the IOMMU vendor, was withdrawn"
     */
    String withdrawn(Object service);

    /** Is told of the clock of each machine that is put together with them. */
    default void began(EventQueue queue) { }
}
