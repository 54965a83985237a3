// SPDX-License-Identifier: Apache-2.0
/**
 * I/O APICs of PCs with the interval timer and the 8259A beside them, and Linux's code for both.
 * Hardware and code meet in registers and ports alone.
 */
package devices.pcie.ioapic;
