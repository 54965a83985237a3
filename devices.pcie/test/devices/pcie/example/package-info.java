// SPDX-License-Identifier: Apache-2.0

/** The device model that docs/devices.md shows. */
package devices.pcie.example;
