// SPDX-License-Identifier: Apache-2.0

/**
 * Virtual time: one event queue a machine and random streams drawn from one seed. Stands aside of
 * the other layers and knows none of them.
 */
@Export
@Version("0.1.0")
package iommu.api.sim;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
