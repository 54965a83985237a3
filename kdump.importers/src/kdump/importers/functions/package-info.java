// SPDX-License-Identifier: Apache-2.0

/**
 * PCI functions of which nobody captured the config space: what is told of them, by whatever text,
 * and config space made of it.
 */
package kdump.importers.functions;
