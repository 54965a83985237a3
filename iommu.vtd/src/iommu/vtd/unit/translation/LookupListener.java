// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.translation;

import iommu.api.unit.WalkListener;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.WalkResult;

/**
 * Hears what a translator asks of the caches, as it asks, and the walks that follow. It changes
 * nothing; all that it is not interested in it may leave out. One request at a time.
 */
public interface LookupListener {

    /** Hears nothing. */
    LookupListener NONE = new LookupListener() { };

    /** Returns who hears the entries of the walks that are to come. */
    default WalkListener entries() {
        return WalkListener.NONE;
    }

    /** The context cache knows the source of a request. */
    default void contextHit(Request request, int slot) { }

    /** The walk to the context entry of a source is over, as it does not. */
    default void contextWalked() { }

    /**
     * The PASID cache knows the PASID of a request.
     *
     * @param context what was found of the context entry
     */
    default void pasidHit(Request request, int slot, WalkResult context) { }

    /** The walk to the PASID entry is over, as it does not, or as none is asked. */
    default void pasidWalked() { }

    /**
     * The IOTLB knows the page of a request.
     *
     * @param found how the source or PASID is translated
     * @param access that is asked for
     * @param answers whether that is the end: it grants the access, or stands for a fault
     */
    default void pageHit(Request request, int slot, WalkResult found, int access,
            boolean answers) { }

    /** The IOTLB does not know the page of a request. */
    default void pageMissed(Request request, WalkResult found) { }

    /** The walk through the page tables is over. */
    default void pageWalked() { }
}
