// SPDX-License-Identifier: Apache-2.0
/** Tests of the RAID controller and of its driver. */
package devices.pcie.raid;
