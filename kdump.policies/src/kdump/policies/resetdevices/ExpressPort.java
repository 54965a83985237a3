// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.pcie.Capabilities;

/**
 * Tells root and downstream ports from other bridges.
 *
 * <p>Source: PCI Express Base Specification, "PCI Express Capabilities Register", Device/Port Type.
 */
final class ExpressPort {

    private static final int ROOT_PORT = 4;
    private static final int DOWNSTREAM_PORT = 6;

    private ExpressPort() { }

    /** Returns whether a function is a root or downstream port. */
    static boolean is(FunctionView function, HandoverView view) {
        if (function.headerType() != 1) {
            return false;
        }
        int requester = function.requester();
        int at = Capabilities.find((offset, bytes) -> view.readConfig(requester, offset, bytes),
                Capabilities.EXPRESS);
        int type = at == 0 ? -1 : view.readConfig(requester, at + 2, 1) >>> 4;
        return type == ROOT_PORT || type == DOWNSTREAM_PORT;
    }
}
