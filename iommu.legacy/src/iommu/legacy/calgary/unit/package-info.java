// SPDX-License-Identifier: Apache-2.0

/**
 * The hardware of one Calgary chip. Start with {@link iommu.legacy.calgary.unit.CalgaryUnit}.
 *
 * <p>Not modelled: what only CalIOC2 has (page migration), time that arbitration takes, posted and
 * split transactions that are under way (there never are any), hub ids of entries.
 */
package iommu.legacy.calgary.unit;
