// SPDX-License-Identifier: Apache-2.0
/** Tests of the xHCI model: a little host of its own, the driver, and random programs. */
package devices.pcie.xhci;
