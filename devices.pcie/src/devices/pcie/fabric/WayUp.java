// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.COMMAND;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.NON_FATAL_REPORTING;
import static devices.pcie.fabric.ConfigLayout.ROOT_CONTROL;
import static devices.pcie.fabric.ConfigLayout.SERR_ENABLE;
import static devices.pcie.fabric.ConfigLayout.SYSTEM_ERROR_ON_NON_FATAL;
import static devices.pcie.fabric.ConfigLayout.TYPE_ROOT_PORT;
import static devices.pcie.fabric.ConfigLayout.UNSUPPORTED_REQUEST_REPORTING;

import iommu.api.pcie.Upstream;

/** The bridges between a function and the root complex, as they stand at each call. One thread. */
final class WayUp {

    private final FabricFunction function;

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

    /** Returns whether a bridge holds what lies below in reset. */
    boolean isReset() {
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (b.inSecondaryReset()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Lets the root port report a request that nobody completed. It becomes a system error only
     * through a chain of gates; each is looked at.
     *
     * <p>Source: PCI Express Base Specification, "Error Messages" and "Root Control Register".
     */
    void report(Upstream upstream) {
        FabricFunction port = function;
        while (port.bridge() != null) {
            port = port.bridge();
        }
        ConfigSpace c = port.config();
        if (c.express() == 0 || port.expressType() != TYPE_ROOT_PORT) {
            return;
        }
        int control = c.read(c.express() + DEVICE_CONTROL, 2);
        boolean message = UNSUPPORTED_REQUEST_REPORTING.isSet(control)
                && (NON_FATAL_REPORTING.isSet(control) || SERR_ENABLE.isSet(c.read(COMMAND, 2)));
        if (message && SYSTEM_ERROR_ON_NON_FATAL.isSet(c.read(c.express() + ROOT_CONTROL, 2))) {
            upstream.systemError(port.requesterId(),
                    "UR reporting, non-fatal reporting or SERR#, system error on non-fatal error");
        }
    }
}
