// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Builds fabrics: the service that the bundle of the fabric registers. Thread-safe. */
@ConsumerType
public interface FabricFactory {

    /**
     * Builds the fabric of a machine.
     *
     * @param functions config bytes as captured; bridges say by their bus numbers what lies behind
     *     them
     * @param upstream receives the DMA of all functions
     * @param devices makes the device behind each function
     * @throws IllegalArgumentException if two functions have one id
     */
    Fabric build(List<FunctionConfig> functions, Upstream upstream, Devices devices);

    /**
     * Builds the fabric of a machine whose bus numbers software gives out: a function is found, and
     * its requests are named, by what the bridges above hold at that time.
     *
     * @param functions bridges before what sits behind them
     * @param upstream receives the DMA of all functions
     * @param devices asked once for each function, in the order of the list
     * @throws IllegalArgumentException if a bridge is none or comes later, or two functions have
     *     one place
     * @throws UnsupportedOperationException if this fabric cannot do it
     */
    default Fabric plug(List<PluggedFunction> functions, Upstream upstream, Devices devices) {
        throw new UnsupportedOperationException("bus numbers are fixed in this fabric");
    }

    /** Makes the device model behind a function. */
    @FunctionalInterface
    interface Devices {

        /**
         * Returns the device.
         *
         * @param dma the way the device takes to memory
         * @return null if no model sits behind this function
         */
        Device device(PciFunction function, DmaPort dma);
    }
}
