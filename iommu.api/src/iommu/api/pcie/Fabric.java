// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.List;

/** The functions of a machine and the ways between them. One thread. */
public interface Fabric {

    /** Returns all functions, by requester id; of a plugged fabric, in the order of its list. */
    List<PciFunction> functions();

    /**
     * Returns the function that a configuration access to this bus, device and function number
     * reaches, or null if there is none.
     */
    PciFunction function(int requester);
}
