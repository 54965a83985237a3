// SPDX-License-Identifier: Apache-2.0
/** Tests of what is plugged in below host controllers. */
package devices.pcie.usb;
