// SPDX-License-Identifier: Apache-2.0
/** Tests of the EHCI host controller and its driver. */
package devices.pcie.ehci;
