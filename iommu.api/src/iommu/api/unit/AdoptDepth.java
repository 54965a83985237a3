// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/** How much of the crashed kernel's tables a capture kernel copies when it adopts them. */
public enum AdoptDepth {
    /** Root and context tables are copied, page tables stay where they are (Linux on VT-d). */
    CONTEXTS
}
