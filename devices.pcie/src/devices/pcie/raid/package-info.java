// SPDX-License-Identifier: Apache-2.0

/**
 * A RAID controller of the Smart Array kind and the driver that Linux has for it. It takes command
 * lists as soon as they are posted, holds up to 1020 of them with the addresses of their buffers,
 * and its disks work them off slowly.
 *
 * <p>Source: CISS Command Interface for SCSI-3 Support Open Specification.
 */
package devices.pcie.raid;
