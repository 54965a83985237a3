// SPDX-License-Identifier: Apache-2.0

/** Units of the manual beside those of QEMU's profiles. */
package iommu.vtd.unit.qemu;
