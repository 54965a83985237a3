// SPDX-License-Identifier: Apache-2.0

/**
 * A SATA host bus adapter with the AHCI register interface, one disk behind it, and the driver that
 * kernels run for it.
 *
 * <p>Source: Serial ATA Advanced Host Controller Interface (AHCI) 1.3.1; Serial ATA Specification,
 * "FIS Types"; ATA/ATAPI Command Set (ACS). The driver: Linux, libahci.c, libata-eh.c.
 */
package devices.pcie.ahci;
