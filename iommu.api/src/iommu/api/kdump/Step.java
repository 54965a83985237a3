// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.memory.AddressRange;
import iommu.api.unit.AdoptDepth;

/**
 * What a policy asks the capture kernel to do. Primitive steps are single acts; named ones are
 * expanded by the unit's driver. {@code unit} is an index into {@link HandoverView#units}.
 */
public sealed interface Step {

    /** Returns the index of the unit that it is for; -1 if it is for none. */
    default int unit() {
        return -1;
    }

    /** Writes a register of a unit; 4 or 8 bytes. */
    record WriteRegister(int unit, int offset, int bytes, long value) implements Step { }

    /**
     * Waits until a register of a unit has {@code value} under {@code mask}; refused on time-out.
     */
    record WaitRegister(int unit, int offset, int bytes, long mask, long value, long timeoutNanos)
            implements Step { }

    /** Writes config space of a function; 1, 2 or 4 bytes. */
    record WriteConfig(int requester, int offset, int bytes, int value) implements Step { }

    /** Writes 64 bits of memory. */
    record WriteMemory(long physicalAddress, long value) implements Step { }

    /** Lets time pass. */
    record Sleep(long nanos) implements Step { }

    /** Prints a line on the console. */
    record Print(String line) implements Step { }

    /** Sets up queue, faults and interrupt remapping of a unit, as kernels do at T4. */
    record InitialiseInterrupts(int unit) implements Step { }

    /** Switches translation of a unit off. */
    record DisableTranslation(int unit) implements Step { }

    /** Gives a unit empty tables and switches translation on. */
    record StartClean(int unit) implements Step { }

    /** Keeps a range of I/O virtual addresses from being given out to any function. */
    record ReserveIova(AddressRange range) implements Step { }

    /** Maps a range of a function's I/O virtual addresses to the same physical addresses. */
    record IdentityMap(int requester, AddressRange range) implements Step { }

    /** Takes over the tables that a unit uses. */
    record AdoptTables(int unit, AdoptDepth depth) implements Step { }
}
