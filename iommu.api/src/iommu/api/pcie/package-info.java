// SPDX-License-Identifier: Apache-2.0

/**
 * PCI Express as devices and kernels meet it: requester ids, config space, DMA requests and their
 * completion, and the contracts of device models and of their drivers.
 */
@Export
@Version("0.2.0")
package iommu.api.pcie;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
