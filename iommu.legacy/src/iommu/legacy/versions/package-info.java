// SPDX-License-Identifier: Apache-2.0

/** How settings of kernel code that change with its version are told, once for all bundles. */
package iommu.legacy.versions;
