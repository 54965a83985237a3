// SPDX-License-Identifier: Apache-2.0

/**
 * QEMU 7.2's unit, where it does otherwise than the manual's. Only the setting "asQemu" leads here.
 *
 * <p>Source: QEMU 7.2.22, observed; docs/deviations.md lists what.
 */
package iommu.amdvi.unit.qemu;
