// SPDX-License-Identifier: Apache-2.0

/** The AHCI adapter on a fabric, over memory, with a clock; and its driver. */
package devices.pcie.ahci;
