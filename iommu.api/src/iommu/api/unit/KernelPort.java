// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.trace.ConsoleLine;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What kernel code may touch: one unit's registers, memory, and a few pages of its own. Each act is
 * executed, timed, attributed and traced by the engine; within an event no time passes. One thread.
 */
@ProviderType
public interface KernelPort {

    /**
     * A range of physical addresses.
     *
     * @param start first address
     * @param bytes number of bytes, not 0
     */
    record Range(long start, long bytes) { }

    /**
     * Returns the number of the unit among those of its vendor, in the order of the firmware's
     * table: kernels name units by it.
     */
    default int unitNumber() {
        return 0;
    }

    /** Returns what a unit register reads; 4 or 8 bytes. */
    long readRegister(int offset, int bytes);

    /** Writes a unit register. */
    void writeRegister(int offset, int bytes, long value);

    /**
     * Waits until a unit register has {@code value} under {@code mask}.
     *
     * @return false if it had not after {@code timeoutNanos}
     */
    boolean waitRegister(int offset, int bytes, long mask, long value, long timeoutNanos);

    /** Returns whether {@code bytes} bytes from {@code physicalAddress} can be read as memory. */
    boolean isMemory(long physicalAddress, long bytes);

    /**
     * Returns whether some of a range is RAM to this kernel (e820): that of the machine, to a
     * capture kernel what was reserved for it.
     */
    default boolean isOwnMemory(long physicalAddress, long bytes) {
        return isMemory(physicalAddress, bytes);
    }

    /**
     * Has a range be no RAM to this kernel from now on: it does not give it out.
     *
     * @return false if none of it was
     */
    default boolean reserve(long physicalAddress, long bytes) {
        return false;
    }

    /** Returns the 64 bits at {@code physicalAddress}, a multiple of 8 in memory. */
    long read64(long physicalAddress);

    /** Writes the 64 bits at {@code physicalAddress}. */
    void write64(long physicalAddress, long value);

    /**
     * Has each write, copy and allocation from now on followed by a write-back of the processor's
     * cache lines, as kernels do for the tables of a unit that does not snoop: without it such a
     * unit sees what was there before.
     */
    default void flushWrites(boolean on) { }

    /** Copies memory; {@code bytes} is a multiple of 8. */
    void copy(long from, long to, int bytes);

    /**
     * Allocates cleared pages of 4 KiB, adjacent and aligned to their number rounded up to a power
     * of two.
     *
     * @throws IllegalStateException if the kernel has no such pages left
     */
    long allocatePages(int count);

    /**
     * Allocates pages likewise, below 4 GiB as long as there are any.
     *
     * @throws KernelPanicException if there are none at all
     */
    default long allocateLowPages(int count) {
        return allocatePages(count);
    }

    /**
     * Allocates one cleared page in which this kernel keeps nothing: whoever writes to it does no
     * harm.
     *
     * @throws IllegalStateException if the kernel has no page left
     */
    default long allocateScratchPage() {
        return allocatePages(1);
    }

    /**
     * Takes adjacent pages as they are, below 4 GiB only: for what is not touched before its use.
     *
     * @return address of the first; -1 if there are no such pages
     */
    default long takeLowPages(int count) {
        long at = allocateLowPages(count);
        return at + count * 4096L <= 1L << 32 ? at : -1;
    }

    /** Gives pages back. */
    void freePages(long physicalAddress, int count);

    /**
     * Returns all ids under which requests of a function arrive at the unit: its own first, then
     * the aliases that bridges give it.
     */
    List<Integer> sourceIds(int requester);

    /**
     * Returns the functions of one's IOMMU group, itself among them: those that a unit cannot keep
     * apart from it, be they behind this one or another. No time passes.
     */
    default List<Integer> group(int requester) {
        return List.of(requester);
    }

    /**
     * Returns the functions that the unit serves, bridges among them, by requester id: what
     * enumeration has found. An empty list where nobody has enumerated.
     */
    default List<Integer> functions() {
        return List.of();
    }

    /**
     * Returns the memory that firmware wants mapped to itself for a function: whole pages, an empty
     * list if there is none.
     */
    default List<Range> reservedRanges(int requester) {
        return List.of();
    }

    /**
     * Returns where an extended capability of a function lies in config space, as enumeration found
     * it; no time passes.
     *
     * @param id 16 bits
     * @return its offset, 0 if the function has none
     */
    default int extendedCapability(int requester, int id) {
        return 0;
    }

    /** Returns whether firmware lets a function use address translation services. */
    default boolean allowsAts(int requester) {
        return false;
    }

    /**
     * Reads config space of a function.
     *
     * @param bytes 1, 2 or 4
     * @return all ones if nothing answers
     */
    default int readConfig(int requester, int offset, int bytes) {
        return -1 >>> 32 - 8 * bytes;
    }

    /** Writes config space of a function; 1, 2 or 4 bytes. */
    default void writeConfig(int requester, int offset, int bytes, int value) { }

    /**
     * Has something done by a timer of this kernel; it is not once the kernel has ended.
     *
     * @param nanos from now, at least 0
     */
    default void schedule(long nanos, Runnable act) { }

    /**
     * Returns the width of the DMA mask that the driver of a function sets: 64, or 32 bits.
     */
    default int dmaBits(int requester) {
        return 64;
    }

    /**
     * Enters in the record that a page is mapped for a function, and does it: what is written
     * meanwhile was written for it.
     */
    default void recordMap(int requester, long iova, long physicalAddress, Runnable writes) {
        writes.run();
    }

    /** Enters in the record in the same way that a page of a function is unmapped. */
    default void recordUnmap(int requester, long iova, Runnable writes) {
        writes.run();
    }

    /** Returns the address after the last of the RAM that is this kernel's own (max_pfn). */
    default long ownMemoryEnd() {
        return 1L << 32;
    }

    /**
     * Returns the address after the last of the machine's RAM, which a capture kernel knows too
     * (saved_max_pfn).
     */
    default long machineMemoryEnd() {
        return ownMemoryEnd();
    }

    /** Returns the APIC id of the processor that takes this kernel's interrupts. */
    default int processor() {
        return 0;
    }

    /** Lets time pass between two looks at something that is awaited; within an event none does. */
    default void pause(long nanos) { }

    /** Prints a line on the console that tells no fault. */
    void print(String line);

    /**
     * Prints a line on the console that is counted by its kind.
     *
     * @param requester whose requests the line is about, 16 bits; -1 for none
     */
    default void print(ConsoleLine kind, int requester, String line) {
        print(line);
    }

    /** Returns the virtual time in nanoseconds. */
    long nanos();
}
