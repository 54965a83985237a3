// SPDX-License-Identifier: Apache-2.0

/**
 * Profiles: what a kernel version or a piece of hardware does, as data. Knows no other package, so
 * that units, drivers and machines can all be given one.
 */
@Export
@Version("0.2.0")
package iommu.api.profile;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
