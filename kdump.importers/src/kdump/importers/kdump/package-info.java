// SPDX-License-Identifier: Apache-2.0

/**
 * Kdump-compressed dumps, as makedumpfile and QEMU write them, as sparse images of memory.
 */
package kdump.importers.kdump;
