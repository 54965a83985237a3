// SPDX-License-Identifier: Apache-2.0

/**
 * Address translation services: requests to translate, translated requests, page requests, and the
 * invalidation of device TLBs. Source: VT-d, "Support for Device-TLBs".
 */
package iommu.vtd.unit.ats;
