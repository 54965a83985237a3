// SPDX-License-Identifier: Apache-2.0

/**
 * What happened in a run, as typed events that hardware and kernels append and that others count,
 * judge or tell. Nothing here is prose, and nobody who appends knows who reads. Beside it stands
 * only {@link iommu.api.sim}, for the clock.
 */
@Export
@Version("0.2.0")
package iommu.api.trace;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
