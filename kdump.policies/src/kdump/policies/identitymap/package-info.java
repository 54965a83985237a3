// SPDX-License-Identifier: Apache-2.0

/** Montgomery's rule: the first kernel prepares, the capture kernel never touches the IOMMU. */
package kdump.policies.identitymap;
