// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.Upstream;

/** The bridges between a function and the root complex, as they stand at each call. One thread. */
final class WayUp {

    private final FabricFunction function;
    /** Whether a bridge above has Access Control Services; null before the first request. */
    private Boolean guarded;

    WayUp(FabricFunction function) {
        this.function = function;
    }

    /** Returns whether no bridge stops what comes from below. */
    boolean isOpen() {
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
        if (guarded == null) {
            guarded = hasAccessControl();
        }
        if (!guarded) {
            return null;
        }
        int id = function.requesterId();
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (AccessControl.refuses(b, id, translated)) {
                return b;
            }
            id = b.takesOwnership(id);
        }
        return null;
    }

    private boolean hasAccessControl() {
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (b.config().accessControl() != 0) {
                return true;
            }
        }
        return false;
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
