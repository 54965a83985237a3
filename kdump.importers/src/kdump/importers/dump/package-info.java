// SPDX-License-Identifier: Apache-2.0

/**
 * What dumps of all formats have in common: present memory, notes, and remarks.
 */
package kdump.importers.dump;
