// SPDX-License-Identifier: Apache-2.0

/**
 * What one unit does where manuals leave a choice or hardware differs, and what known hardware
 * chooses.
 */
package iommu.amdvi.unit.settings;
