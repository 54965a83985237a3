// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;

/**
 * Tells root and downstream ports from other bridges.
 *
 * <p>Source: PCI Express Base Specification, "PCI Express Capabilities Register", Device/Port Type.
 */
final class ExpressPort {

    private static final int STATUS = 0x06;
    private static final int CAPABILITIES_LIST = 0x10;
    private static final int CAPABILITIES_POINTER = 0x34;
    private static final int MAX_CAPABILITIES = 48;
    private static final int PCI_EXPRESS = 0x10;
    private static final int ROOT_PORT = 4;
    private static final int DOWNSTREAM_PORT = 6;

    private ExpressPort() { }

    /** Returns whether a function is a root or downstream port. */
    static boolean is(FunctionView function, HandoverView view) {
        int requester = function.requester();
        if (function.headerType() != 1
                || (view.readConfig(requester, STATUS, 2) & CAPABILITIES_LIST) == 0) {
            return false;
        }
        int at = view.readConfig(requester, CAPABILITIES_POINTER, 1) & 0xfc;
        for (int n = 0; at >= 0x40 && n < MAX_CAPABILITIES; n++) {
            if (view.readConfig(requester, at, 1) == PCI_EXPRESS) {
                int type = view.readConfig(requester, at + 2, 1) >>> 4;
                return type == ROOT_PORT || type == DOWNSTREAM_PORT;
            }
            at = view.readConfig(requester, at + 1, 1) & 0xfc;
        }
        return false;
    }
}
