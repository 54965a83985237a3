// SPDX-License-Identifier: Apache-2.0

/**
 * Hand-over: phases, policies, the steps a policy may ask for and what it can see.
 */
@Export
@Version("0.2.0")
package iommu.api.kdump;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
