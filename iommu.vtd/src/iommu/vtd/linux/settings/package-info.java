// SPDX-License-Identifier: Apache-2.0

/**
 * What kernel versions, command lines and builds make of VT-d units: the tables behind
 * docs/kernels.md, and the words of consoles.
 */
package iommu.vtd.linux.settings;
