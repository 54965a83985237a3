// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.FunctionConfig;

/**
 * The list of extended capabilities: where they lie never changes.
 *
 * <p>Source: PCI Express Base Specification, "PCI Express Extended Capabilities".
 */
final class ExtendedCapabilities {

    private static final int FIRST = 0x100;
    /** As many of 8 bytes fit into extended config space: a list that loops ends here. */
    private static final int MAX = 480;

    private ExtendedCapabilities() { }

    /** Returns the offset of a capability, or 0 if the function has none of that id. */
    static int find(FunctionConfig function, int id) {
        int at = function.config().length > FIRST ? FIRST : 0;
        for (int n = 0; at >= FIRST && n < MAX; n++) {
            if (function.u16(at) == id) {
                return at;
            }
            at = function.u16(at + 2) >>> 4 & 0xffc;
        }
        return 0;
    }
}
