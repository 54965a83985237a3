// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.List;

/** The functions of a machine and the ways between them. One thread. */
public interface Fabric {

    /** Returns all functions, by requester id. */
    List<PciFunction> functions();

    /** Returns one function, or null if there is none of that id. */
    PciFunction function(int requester);
}
