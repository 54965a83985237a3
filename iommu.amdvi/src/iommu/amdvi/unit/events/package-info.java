// SPDX-License-Identifier: Apache-2.0

/**
 * What a unit reports: the event log, and which faults go there.
 *
 * <p>Source: 48882, "Event Logging".
 */
package iommu.amdvi.unit.events;
