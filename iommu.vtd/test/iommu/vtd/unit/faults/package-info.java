// SPDX-License-Identifier: Apache-2.0

/** Which requests fault, with which reason, and what is recorded of them. */
package iommu.vtd.unit.faults;
