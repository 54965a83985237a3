// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

/** Receives the translations of a machine, by unit, requester and iova. */
public interface Mappings {

    /**
     * One leaf of a page table.
     *
     * @param unit index of the unit
     * @param access such as "rw"
     */
    void mapping(int unit, int requester, int domain, long iova, long physicalAddress, long bytes,
            String access);

    /** A requester whose requests pass unchanged. */
    void passThrough(int unit, int requester, int domain);

    /**
     * What was assumed about the machine, or is missing of it; told after its translations.
     *
     * @param sentence one line
     */
    default void remark(String sentence) { }
}
