// SPDX-License-Identifier: Apache-2.0

/**
 * The root complex: takes the requests that leave the fabric, has the unit that serves each
 * translate it, moves the bytes, and carries invalidations down to the functions. It tells a trace
 * what it does and knows nobody who reads it.
 */
package devices.pcie.root;
