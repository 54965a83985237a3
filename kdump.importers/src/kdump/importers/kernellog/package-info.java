// SPDX-License-Identifier: Apache-2.0

/**
 * The kernel's log of a boot (dmesg, vmcore-dmesg.txt, a serial console): what it tells of memory,
 * remapping units and functions.
 */
package kdump.importers.kernellog;
