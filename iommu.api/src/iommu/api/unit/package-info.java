// SPDX-License-Identifier: Apache-2.0

/**
 * Remapping units: the hardware that translates DMA ({@link iommu.api.unit.RemappingUnit}), the
 * kernel code that programs it ({@link iommu.api.unit.UnitDriver}) and the vendor that makes both.
 */
@Export
@Version("0.2.0")
package iommu.api.unit;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
