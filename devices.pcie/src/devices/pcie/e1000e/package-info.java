// SPDX-License-Identifier: Apache-2.0

/**
 * Gigabit Ethernet controllers of Intel: the 82574L, which Linux drives by e1000e, and the 82540EM,
 * which it drives by e1000. Registers, descriptor rings, what is held on chip, the wire, and the
 * driver.
 *
 * <p>Source: Intel 82574 GbE Controller Family Datasheet, "Driver Programming Interface" and
 * "Inline Functions"; PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's
 * Manual.
 */
package devices.pcie.e1000e;
