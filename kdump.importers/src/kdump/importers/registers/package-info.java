// SPDX-License-Identifier: Apache-2.0

/**
 * Registers of a remapping unit, captured as JSON.
 */
package kdump.importers.registers;
