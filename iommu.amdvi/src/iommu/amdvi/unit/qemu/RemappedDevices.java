// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.unit.caches.ContextTag;
import java.util.BitSet;

/**
 * Which devices QEMU 11 has translated: none without property dma-remap, else those whose entry did
 * not let them pass when software last invalidated it. A device that was never invalidated passes,
 * whatever its entry says; of a unit that begins enabled, as a captured one does, software is taken
 * to have invalidated all entries before.
 *
 * <p>Source: QEMU 11.1.3, observed; hw/i386/amd_iommu.c, {@code
 * amdvi_update_addr_translation_mode}.
 */
final class RemappedDevices {

    private final boolean remaps;
    private final boolean beganEnabled;
    private final BitSet invalidated = new BitSet();
    private final BitSet translated = new BitSet();

    RemappedDevices(boolean remaps, boolean beganEnabled) {
        this.remaps = remaps;
        this.beganEnabled = beganEnabled;
    }

    /** Returns whether any device is ever translated. */
    boolean remaps() {
        return remaps;
    }

    /** Returns whether requests of a device go past the unit. */
    boolean passes(int device) {
        return !remaps || !translated.get(device) && (!beganEnabled || invalidated.get(device));
    }

    /**
     * Takes the entry of a device as it was when software invalidated it.
     *
     * @param readable whether it could be read, and has no reserved bit set
     * @param tag what it says, if so
     */
    void invalidated(int device, boolean readable, long tag) {
        invalidated.set(device);
        boolean passes = readable && (!ContextTag.VALID.isSet(tag)
                || ContextTag.TRANSLATES.isSet(tag) && ContextTag.LEVELS.of(tag) == 0);
        translated.set(device, !passes);
    }
}
