// SPDX-License-Identifier: Apache-2.0

/** The register page, and the protected memory regions that it sets. */
package iommu.vtd.unit.registers;
