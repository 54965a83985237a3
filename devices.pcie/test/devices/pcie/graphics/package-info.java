// SPDX-License-Identifier: Apache-2.0

/** Graphics in the processor's package, and their driver. */
package devices.pcie.graphics;
