// SPDX-License-Identifier: Apache-2.0

/** Units beside what QEMU's did, and beside the manual where that is right. */
package iommu.amdvi.unit.qemu;
