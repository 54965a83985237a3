// SPDX-License-Identifier: Apache-2.0

/**
 * Bit fields, registers and register files, declared as the manuals print them. Lowest layer of the
 * API: it knows no other package.
 */
@Export
@Version("0.1.0")
package iommu.api.bits;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
