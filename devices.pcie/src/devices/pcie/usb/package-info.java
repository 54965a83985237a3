// SPDX-License-Identifier: Apache-2.0
/**
 * What host controllers of any kind share: what is plugged in below them, and how a kernel's driver
 * speaks with a disk there.
 *
 * <p>Source: Universal Serial Bus 2.0 and 3.0 Specifications; USB Mass Storage Class, Bulk-Only
 * Transport 1.0; Device Class Definition for Human Interface Devices 1.11.
 */
package devices.pcie.usb;
