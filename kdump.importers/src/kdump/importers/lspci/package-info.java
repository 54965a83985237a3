// SPDX-License-Identifier: Apache-2.0

/**
 * The text of {@code lspci -xxxx}: config space of every function.
 */
package kdump.importers.lspci;
