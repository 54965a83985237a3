// SPDX-License-Identifier: Apache-2.0

/** The edu device on a fabric, over memory, with a clock. */
package devices.pcie.edu;
