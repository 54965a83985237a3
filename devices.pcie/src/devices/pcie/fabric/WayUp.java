// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.Upstream;

/** The bridges between a function and the root complex, as they stand at each call. One thread. */
final class WayUp {

    private final FabricFunction function;
    /** What was found when the fabric's config spaces had changed so often. */
    private int seen = -1;
    private boolean open;
    /** Whether a bridge has a device behind it, which may be taken out at any time. */
    private boolean removable;
    private FabricFunction refusesAll;
    private FabricFunction refusesTranslated;

    WayUp(FabricFunction function) {
        this.function = function;
    }

    private void look() {
        int now = function.config().changes();
        if (now != seen) {
            seen = now;
            open = isOpenNow();
            removable = hasDevice();
            refusesAll = lowest(false);
            refusesTranslated = lowest(true);
        }
    }

    /** Returns whether no bridge stops what comes from below. */
    boolean isOpen() {
        look();
        return removable ? isOpenNow() : open;
    }

    private boolean hasDevice() {
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (b.hasDevice()) {
                return true;
            }
        }
        return false;
    }

    private boolean isOpenNow() {
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (b.isClosed()) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether a link above is down: a bridge holds it in reset, or contains an error. */
    boolean isReset() {
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (b.isLinkDown()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns the lowest port whose Access Control Services refuse a request of the function; null
     * if none does.
     *
     * @param translated whether it asks for a translation, or its address is translated
     */
    FabricFunction refusing(boolean translated) {
        look();
        return translated ? refusesTranslated : refusesAll;
    }

    private FabricFunction lowest(boolean translated) {
        int id = function.requesterId();
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (AccessControl.refuses(b, id, translated)) {
                return b;
            }
            id = b.takesOwnership(id);
        }
        return null;
    }

    /** Returns the root port that the function lies behind, or is; null if there is none. */
    FabricFunction rootPort() {
        FabricFunction port = function;
        while (port.bridge() != null) {
            port = port.bridge();
        }
        return port.isRootPort() ? port : null;
    }

    /**
     * Lets the root port report a request that nobody completed; roots and bridges that are no
     * root port report nothing.
     *
     * @param posted whether it has no completion
     */
    void report(boolean posted, long address, Upstream upstream) {
        FabricFunction port = rootPort();
        if (port != null) {
            ErrorReporting.report(port, posted, function.alias(), address, upstream);
        }
    }
}
