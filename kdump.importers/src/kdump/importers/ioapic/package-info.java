// SPDX-License-Identifier: Apache-2.0
/** I/O APICs, from tables of remapping units and from the kernel's log. */
package kdump.importers.ioapic;
