// SPDX-License-Identifier: Apache-2.0
/** Tests of the management controller. */
package devices.pcie.bmc;
