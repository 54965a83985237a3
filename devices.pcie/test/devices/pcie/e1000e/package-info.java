// SPDX-License-Identifier: Apache-2.0

/** Tests of the gigabit controllers and their driver. */
package devices.pcie.e1000e;
