// SPDX-License-Identifier: Apache-2.0
/**
 * Machine files: a machine that was never captured, written down by hand. Memory, units, functions,
 * and what drivers map; everything else comes out of booting it.
 */
package kdump.importers.machinefile;
