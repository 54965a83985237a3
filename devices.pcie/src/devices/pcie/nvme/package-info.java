// SPDX-License-Identifier: Apache-2.0

/**
 * An NVM Express controller over PCI Express with one namespace, and the driver that kernels run
 * for it.
 */
package devices.pcie.nvme;
