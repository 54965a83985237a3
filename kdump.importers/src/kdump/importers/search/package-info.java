// SPDX-License-Identifier: Apache-2.0

/**
 * Finds the root tables of VT-d in memory by their shape, where no register says where they are.
 */
package kdump.importers.search;
