// SPDX-License-Identifier: Apache-2.0

/** A capture kernel that is told not to use the IOMMU. */
package kdump.policies.leavedisabled;
