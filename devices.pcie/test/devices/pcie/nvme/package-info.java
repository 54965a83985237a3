// SPDX-License-Identifier: Apache-2.0

/** The controller by its registers and queues, and its driver. */
package devices.pcie.nvme;
