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

    /**
     * Waits until a function that was reset is ready, as kernels do: with pauses of 1, 2, 4 ms and
     * so on, for a minute. Refused if it is not by then.
     *
     * <p>Source: Linux, pci_dev_wait.
     *
     * @param reset how it was reset, for the console, such as "FLR"
     */
    record AwaitReady(int requester, String reset) implements Step { }

    /** Writes 64 bits of memory. */
    record WriteMemory(long physicalAddress, long value) implements Step { }

    /** Lets time pass. */
    record Sleep(long nanos) implements Step { }

    /** Prints a line on the console. */
    record Print(String line) implements Step { }

    /** Sets up queue, faults and interrupt remapping of a unit, as kernels do at T4. */
    record InitialiseInterrupts(int unit) implements Step { }

    /**
     * Does the first half of {@link InitialiseInterrupts}: queue, faults cleared, this kernel's
     * interrupt table in the unit, remapping as it was.
     *
     * @param extended whether destinations have 32 bits, as x2APIC mode needs
     */
    record SetInterruptTable(int unit, boolean extended) implements Step { }

    /** Does the second half: remapping on, faults announced. */
    record EnableInterrupts(int unit) implements Step { }

    /** Switches translation of a unit off. */
    record DisableTranslation(int unit) implements Step { }

    /** Gives a unit empty tables and switches translation on. */
    record StartClean(int unit) implements Step { }

    /**
     * Sets empty tables aside for a unit, which goes on as it is. With the steps below it is {@link
     * StartClean} taken apart, for kernels that go through all units more than once.
     */
    record AllocateTables(int unit) implements Step { }

    /** Copies the tables that a unit uses; the unit goes on with the old ones. */
    record CopyTables(int unit, AdoptDepth depth) implements Step { }

    /** Points a unit to the tables set aside or copied last, translation staying as it is. */
    record SetTables(int unit) implements Step { }

    /**
     * Has the functions that a unit serves found by the kernel's code for units, which takes its
     * time: what it does with each of them is the version's.
     */
    record ProbeFunctions(int unit) implements Step { }

    /** Switches translation on where it is not, and lets faults be announced. */
    record EnableTranslation(int unit) implements Step { }

    /** Keeps a range of I/O virtual addresses from being given out to any function. */
    record ReserveIova(AddressRange range) implements Step { }

    /** Maps a range of a function's I/O virtual addresses to the same physical addresses. */
    record IdentityMap(int requester, AddressRange range) implements Step { }

    /** Takes over the tables that a unit uses. */
    record AdoptTables(int unit, AdoptDepth depth) implements Step { }

    /**
     * Gives a unit empty tables while translation stays on: what devices still do is blocked from
     * then on, and never goes untranslated. Refused where translation is off.
     */
    record StartBlocked(int unit) implements Step { }

    /**
     * Gives a unit tables in which every I/O virtual address of every function leads to one page,
     * to be read and written, while translation stays on. A function gets a domain of its own when
     * its driver maps for the first time. Refused where translation is off.
     */
    record MapScratch(int unit) implements Step { }

    /**
     * Has a function's DMA blocked by its entry in the tables of this kernel, and nobody else's but
     * of those that share its requester id; caches are told. When its driver maps next, the
     * function gets an empty domain. Refused where no table of this kernel maps its requests.
     */
    record BlockFunction(int requester) implements Step { }

    /**
     * Does nothing: says why the policy asks for no more here, such as that it finds no function
     * that it could reset. Told beside what the policy came to, for people.
     *
     * @param reason a short clause, without a full stop
     */
    record Remark(String reason) implements Step { }
}
