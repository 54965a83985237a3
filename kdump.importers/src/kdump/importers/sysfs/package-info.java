// SPDX-License-Identifier: Apache-2.0

/**
 * Copies of sysfs: config space of every function.
 */
package kdump.importers.sysfs;
