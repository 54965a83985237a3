// SPDX-License-Identifier: Apache-2.0

/**
 * Machines as described by files: memory map, functions, units, captured memory, and the contract
 * of the importers that read them.
 */
@Export
@Version("0.2.0")
package iommu.api.machine;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
