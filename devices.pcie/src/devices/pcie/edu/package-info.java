// SPDX-License-Identifier: Apache-2.0

/**
 * QEMU's educational device: a function whose DMA a program starts by hand, request by request.
 * A machine that wants one asks for it by name.
 */
package devices.pcie.edu;
