// SPDX-License-Identifier: Apache-2.0

/**
 * What software tells a unit through its command buffer.
 *
 * <p>Source: 48882, "Commands".
 */
package iommu.amdvi.unit.commands;
