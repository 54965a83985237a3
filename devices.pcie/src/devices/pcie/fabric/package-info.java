// SPDX-License-Identifier: Apache-2.0

/**
 * The fabric: functions with config space, ports and bridges with the gates in them, and the
 * aliases under which requests leave a conventional bus.
 */
package devices.pcie.fabric;
