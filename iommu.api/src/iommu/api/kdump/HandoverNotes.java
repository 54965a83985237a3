// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What a policy keeps from one event to the next. The bytes lie in the crash reservation, in
 * simulated memory like everything else; the policy object itself keeps no state. One thread.
 */
@ProviderType
public interface HandoverNotes {

    /** Most bytes that all notes of a run may take, their keys included. */
    int MAX_BYTES = 64 * 1024;

    /**
     * Returns a note.
     *
     * @param key short name
     * @param version that the policy can read
     * @return null if there is none of this key and version
     */
    byte[] get(String key, int version);

    /**
     * Keeps a note, in place of an older one of the same key.
     *
     * @throws IllegalArgumentException if the notes would grow over {@link #MAX_BYTES}
     */
    void put(String key, int version, byte[] bytes);
}
