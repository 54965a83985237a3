// SPDX-License-Identifier: Apache-2.0

/** Indoh's reset_devices: a hot reset of everything below ports before the IOMMU is touched. */
package kdump.policies.resetdevices;
