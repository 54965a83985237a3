// SPDX-License-Identifier: Apache-2.0

/** The root complex from plain data. */
package devices.pcie.root;
