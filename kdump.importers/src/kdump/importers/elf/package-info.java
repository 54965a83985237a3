// SPDX-License-Identifier: Apache-2.0

/**
 * ELF core files as sparse images of physical memory.
 */
package kdump.importers.elf;
