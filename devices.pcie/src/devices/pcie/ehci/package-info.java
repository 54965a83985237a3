// SPDX-License-Identifier: Apache-2.0
/**
 * USB host controllers with the EHCI interface, and their driver.
 *
 * <p>Source: Enhanced Host Controller Interface Specification for Universal Serial Bus, revision
 * 1.0.
 */
package devices.pcie.ehci;
