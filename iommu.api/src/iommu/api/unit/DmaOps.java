// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * How a kernel makes memory reachable for a function. What all kernels do alike with units that
 * have tables a domain, the engine does; a kernel whose code for a unit chooses addresses by
 * itself, or which has none, has one of these. Drivers never know which. One thread.
 *
 * <p>Source: Linux, dma-mapping.h, struct dma_map_ops.
 */
@ConsumerType
public interface DmaOps {

    /**
     * Makes bytes reachable. What both sides write (READ and WRITE) is coherent, as rings are;
     * anything else is handed over to the device until {@link #unmap}.
     *
     * @param bytes may cross pages, which are adjacent then
     * @param access {@link iommu.api.pcie.Access} bits: what the device does
     * @return with the address that the device is to use
     * @throws DmaMappingException if it cannot be done: the driver fails then
     */
    DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access);

    /** Ends what {@link #map} began; what the device has written is where it was mapped then. */
    void unmap(PciFunction function, DmaBuffer buffer);

    /**
     * Returns whether the device reaches memory by addresses that are given out here; otherwise
     * they are those of memory, as a rule or always.
     */
    default boolean mapsDma(PciFunction function) {
        return true;
    }

    /**
     * Keeps a range of the device's addresses from being given out from now on. Nothing where none
     * are.
     */
    default void reserve(AddressRange range) { }

    /**
     * Makes a range reachable at addresses that equal its own; the range may be given out all the
     * same unless it is {@linkplain #reserve reserved}.
     *
     * @param range whole pages
     * @throws StepRefusedException if it is not within reach of the tables
     */
    default void identityMap(PciFunction function, AddressRange range)
            throws StepRefusedException {
        throw new StepRefusedException("this kernel's code for DMA maps no range to itself");
    }
}
