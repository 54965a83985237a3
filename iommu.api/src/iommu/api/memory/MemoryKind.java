// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

/** What answers at a physical address. */
public enum MemoryKind {
    /** Memory that the operating system uses ("System RAM" in /proc/iomem). */
    SYSTEM_RAM,
    /** Memory that firmware kept for itself: it can be read and written, no kernel allocates it. */
    FIRMWARE_RAM,
    /** Read-only memory: reads are answered, writes are not. */
    ROM,
    /**
     * Registers of devices, bridge windows and holes: memory requests of devices are not answered.
     */
    MMIO
}
