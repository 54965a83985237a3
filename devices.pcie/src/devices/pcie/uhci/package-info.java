// SPDX-License-Identifier: Apache-2.0
/**
 * USB host controllers with the UHCI interface, and their driver.
 *
 * <p>Source: Universal Host Controller Interface (UHCI) Design Guide, revision 1.1; registers of
 * config space that the guide leaves open: Intel I/O Controller Hub 9 datasheet.
 */
package devices.pcie.uhci;
