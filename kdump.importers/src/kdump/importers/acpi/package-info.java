// SPDX-License-Identifier: Apache-2.0

/**
 * The ACPI table DMAR: remapping units, reserved memory regions and the devices they name.
 */
package kdump.importers.acpi;
