// SPDX-License-Identifier: Apache-2.0

/**
 * What lies in memory, as a unit reads it: the device table, host page tables, their entries told
 * to a listener.
 *
 * <p>Source: 48882, "Device Table" and "I/O Page Tables for Host Translations".
 */
package iommu.amdvi.unit.tables;
