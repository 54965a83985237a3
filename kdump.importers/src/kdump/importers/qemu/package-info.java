// SPDX-License-Identifier: Apache-2.0

/** What files of a recording under QEMU tell of the machine beside what its kernels say. */
package kdump.importers.qemu;
