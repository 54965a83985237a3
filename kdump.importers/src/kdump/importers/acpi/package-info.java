// SPDX-License-Identifier: Apache-2.0

/**
 * The ACPI tables DMAR and IVRS: remapping units, reserved memory and the devices they name, as
 * records that write themselves again; and checks of both.
 */
package kdump.importers.acpi;
