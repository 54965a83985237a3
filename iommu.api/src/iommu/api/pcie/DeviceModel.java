// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A kind of device: makes devices, and the driver that a kernel runs for them. A service; the one
 * with the highest ranking that accepts a function gets it. Thread-safe.
 */
@ConsumerType
public interface DeviceModel {

    /** Returns the name, such as "ring-dma". */
    String name();

    /** Returns whether this model can sit behind a function of this class and header. */
    boolean accepts(FunctionConfig function);

    /**
     * Returns the names of the options that its devices ask for, see {@link DeviceContext#option}.
     */
    default Set<String> options() {
        return Set.of();
    }

    /**
     * Returns how long a device of this model goes on when no driver looks after it any more, in
     * words; null where it depends on {@link Workload#streaming}.
     *
     * @param function that the device stands behind
     */
    default String activity(FunctionConfig function) {
        return "until what is posted is done";
    }

    /**
     * Returns whether a device of this model does by itself all that it does, as what is driven by
     * firmware of its own: no kernel's driver is given work for it.
     *
     * @param function that the device stands behind
     */
    default boolean worksByItself(FunctionConfig function) {
        return false;
    }

    /**
     * Returns whether drivers of this model know what each of the pages is that a kernel has mapped
     * both ways for a device, by the order of their addresses: they are all its rings then, and
     * given to it from the highest address down.
     */
    default boolean findsQueues() {
        return false;
    }

    /**
     * Makes the device.
     *
     * @throws IllegalArgumentException if an option is out of range
     */
    Device device(DeviceContext context);

    /** Makes a driver for one device, for one kernel. */
    DeviceDriver driver(DriverPort port);
}
