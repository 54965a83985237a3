// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;
import iommu.api.sim.EventQueue;
import iommu.api.trace.Trace;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.LongPredicate;
import org.osgi.annotation.versioning.ConsumerType;

/** Builds root complexes: the service that the bundle of the root complex has. Thread-safe. */
@ConsumerType
public interface RootComplexFactory {

    /**
     * What a root complex is built from; nothing in it knows what it is built for.
     *
     * @param memory that requests reach
     * @param units remapping units, by index
     * @param unitOf the index of the unit that serves the requests of an id, -1 if none does; does
     *     not change
     * @param writable whether memory at a physical address takes writes
     * @param messages the addresses at which writes are interrupt messages
     * @param processor takes the messages that no unit blocks
     * @param queue of the machine
     * @param trace is told every request and what became of it
     */
    record Parts(PhysicalMemory memory, List<RemappingUnit> units, IntUnaryOperator unitOf,
            LongPredicate writable, AddressRange messages, Processor processor, EventQueue queue,
            Trace trace) {

        /** Copies the list. */
        public Parts {
            units = List.copyOf(units);
        }
    }

    /** What takes interrupts. */
    @FunctionalInterface
    interface Processor {

        /**
         * Takes an interrupt message that no unit blocked.
         *
         * @param alias id that the message carries
         * @param interrupt what the unit made of it, see {@link Interrupt}
         * @param data of the message
         */
        void interrupt(int alias, long interrupt, int data);

        /**
         * Takes a system error, which platforms make an interrupt that cannot be masked.
         *
         * @param reporter root port that raised it, or function that firmware names
         */
        default void systemError(int reporter, SystemError error) { }

        /**
         * Waits for a completion that never comes.
         *
         * @param function that was asked
         * @param nanos how long; -1 for ever
         */
        default void stalled(int function, long nanos) { }

        /**
         * Takes the level of a function's interrupt pin, on its way to an interrupt controller.
         *
         * @param function whose pin it is
         * @param pin 1 to 4, INTA to INTD, before any bridge has turned it round
         */
        default void interruptPin(int function, int pin, boolean asserted) { }
    }

    /** Builds a root complex. */
    Upstream build(Parts parts);

    /**
     * Connects units with the translation caches of the functions below; called once both stand.
     *
     * @param segments PCI segment of each unit
     */
    void connectDeviceTlbs(Parts parts, int[] segments, Fabric fabric);
}
