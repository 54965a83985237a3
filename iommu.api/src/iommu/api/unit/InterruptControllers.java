// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.pcie.Message;
import iommu.api.profile.KernelProfile;
import iommu.api.sim.EventQueue;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The interrupt controllers that inputs lead to, and what kernels do with them: a service of the
 * bundle that has them. Where no bundle does, interrupts of pins reach the processor by themselves,
 * and nobody looks whether the timer works. Thread-safe; what it makes is for one thread.
 */
@ConsumerType
public interface InterruptControllers {

    /**
     * Builds the controllers of a machine, in the state in which a crashing kernel leaves them: no
     * input is let through.
     *
     * @param all by the order of firmware's table, at least one
     */
    Hardware hardware(List<IoApic> all, EventQueue queue, Wires wires);

    /** Makes the code of a kernel for the controllers of its machine. */
    Driver driver(KernelProfile profile, Port port);

    /** What controllers reach. */
    @ProviderType
    interface Wires {

        /**
         * Sends a message by way of the root complex and of the unit that serves its source.
         *
         * @param input global number of the input that it is about
         */
        void message(IoApic from, int input, long address, int data);

        /** Interrupts the processor by a local wire, which no unit looks at. */
        void local(int vector);

        /**
         * Returns whether whoever takes an interrupt ends it at once, as a processor without
         * instructions does; the EOI register does otherwise.
         */
        default boolean endsInterrupts() {
            return true;
        }

        /** Tells that an input is asserted, and does what follows from it. */
        void asserted(int input, Runnable effects);
    }

    /** The controllers of one machine, and the timer beside them. */
    @ConsumerType
    interface Hardware {

        /** Reads a register of 32 bits; 0 where there is none. */
        int read(long physicalAddress);

        /** Writes a register of 32 bits. */
        void write(long physicalAddress, int value);

        /** Writes an I/O port of 8 bits. */
        void writePort(int port, int value);

        /**
         * Takes the level of an input that devices share. An input that is high already tells of
         * another device that asserts it, too: whoever attended to the first one meanwhile has
         * ended that interrupt, if {@link Wires#endsInterrupts} says so.
         *
         * @param input global number; one that no controller has is of no account
         */
        void level(int input, boolean asserted);
    }

    /** What a kernel's code for controllers acts through. One thread. */
    @ProviderType
    interface Port {

        /** Returns the controllers, by the order of firmware's table. */
        List<IoApic> controllers();

        /** Reads a register, which takes its time. */
        int read(long physicalAddress);

        /** Writes a register, which takes its time. */
        void write(long physicalAddress, int value);

        /** Writes an I/O port, which takes its time. */
        void writePort(int port, int value);

        /** Enters in the record that an entry of a controller is written, and writes it. */
        void entry(IoApic of, int input, long value, Runnable writes);

        /**
         * Gives an input an entry of this kernel's interrupt table.
         *
         * @return the message that leads to it; null if no table of this kernel serves the
         *     controller
         */
        Message remapped(IoApic of, int input, int vector);

        /** Lets time pass. */
        void pause(long nanos);

        /** Takes interrupts of a vector from now on, and returns how many have come so far. */
        long taken(int vector);

        /** Enters in the record what looking for interrupts of an input has come to. */
        void checked(IoApic of, int input, long arrived, boolean works);

        /** Prints a line. */
        void print(String line);
    }

    /** The code of one kernel. One thread. */
    @ConsumerType
    interface Driver {

        /** Sets the controllers up as kernels do at T4, when interrupt remapping is decided. */
        void start();

        /**
         * Looks whether the timer's interrupts arrive, and finds another way for them if not.
         *
         * @throws KernelPanicException if they do by none
         */
        void checkTimer();

        /**
         * Lets an input through that devices share.
         *
         * @param input global number, one that a controller has
         * @param vector of the processor
         */
        void enable(int input, int vector);

        /** Lets an input through no more. */
        void disable(int input);
    }
}
