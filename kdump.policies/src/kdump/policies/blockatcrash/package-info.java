// SPDX-License-Identifier: Apache-2.0

/** Wright: the panicked kernel blocks each device and leaves the IOMMU on. */
package kdump.policies.blockatcrash;
