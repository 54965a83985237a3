// SPDX-License-Identifier: Apache-2.0
/**
 * USB host controllers with the xHCI interface, and their driver.
 *
 * <p>Source: eXtensible Host Controller Interface for Universal Serial Bus (xHCI), revision 1.1.
 */
package devices.pcie.xhci;
