// SPDX-License-Identifier: Apache-2.0

/** The crash path of 2010: the IOMMU goes off with the kernel. */
package kdump.policies.crashpathdisable;
