// SPDX-License-Identifier: Apache-2.0
/**
 * Graphics in the processor's package: a display that reads its surface for ever, and a blitter,
 * both by graphics addresses, which a table in memory stolen by firmware translates into addresses
 * on the bus.
 *
 * <p>Source: Intel, "Open Source Graphics Programmer's Reference Manual" of the 8th and 9th
 * generation: "Memory Views", "Blitter Engine", "Display"; Linux, i915.
 */
package devices.pcie.graphics;
