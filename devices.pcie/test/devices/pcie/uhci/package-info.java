// SPDX-License-Identifier: Apache-2.0
/** Tests of the UHCI host controller and its driver. */
package devices.pcie.uhci;
