// SPDX-License-Identifier: Apache-2.0

/** Tests of the kernel code against a real unit. */
package iommu.legacy.calgary.linux;
