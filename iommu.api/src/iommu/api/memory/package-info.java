// SPDX-License-Identifier: Apache-2.0

/**
 * Physical memory of a simulated machine: sparse RAM in one flat arena, an undo journal and the
 * provenance of every write. Of the other packages it knows only {@link iommu.api.sim}.
 */
@Export
@Version("0.1.0")
package iommu.api.memory;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
