// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * Is told what happens in a unit: models never log. Called from within the unit; must not call it.
 */
public interface UnitListener {

    /** Hears nothing. */
    UnitListener NONE = new UnitListener() { };

    /**
     * A request was blocked.
     *
     * @param recorded whether the unit wrote a record that software can read
     */
    default void blocked(FaultRecord fault, boolean recorded) { }

    /** The tables disable the recording of a fault; told before {@link #blocked}. */
    default void suppressed(FaultRecord fault) { }

    /**
     * A page was found and lacks the right that a request needs, in a unit that takes the page from
     * its cache, or caches it, before it looks at rights; told before {@link #blocked}.
     *
     * @param page physical address of the page of 2^pageShift bytes
     */
    default void denied(int requester, long page, int pageShift) { }

    /** An access of a processor met an error that the hardware makes a machine check of. */
    default void machineCheck(FaultRecord error) { }

    /** Translation was switched on or off. */
    default void translation(boolean enabled) { }

    /** Returns whether {@link #invalidated} is heard: units make words for those who listen. */
    default boolean hearsInvalidations() {
        return true;
    }

    /** Cached translations were dropped; {@code what} in the manual's words. */
    default void invalidated(String what) { }

    /** The unit sent the interrupt that announces faults. */
    default void faultInterrupt() { }

    /** The unit sent the interrupt that announces that invalidations are done. */
    default void completionInterrupt() { }

    /** The unit sent the interrupt that announces page requests. */
    default void pageRequestInterrupt() { }
}
