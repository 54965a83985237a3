// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.pcie.Message;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The code of one kernel for one unit. It acts only through its {@link KernelPort} and never sees
 * the unit's caches. Named steps of a policy end here, as published expansions into register and
 * memory acts. One thread.
 */
@ConsumerType
public interface UnitDriver {

    /**
     * Learns tables and queue of a unit that this very kernel had set up before it was imported.
     */
    void resume();

    /**
     * Returns whether tables of this kernel are in the unit, so that memory can be mapped: after
     * {@link #resume} not if it found translation off or no table, and otherwise once the unit was
     * started clean or its tables were adopted.
     */
    default boolean hasTables() {
        return true;
    }

    /**
     * Does what a kernel does with its unit when it crashes, before the capture kernel is entered
     * (T1): nothing, as a rule.
     */
    default void crash() { }

    /**
     * Does what a kernel does with its unit before it restarts the machine, when drivers have shut
     * their devices down: nothing, as a rule.
     */
    default void shutdown() { }

    /** Does what a kernel does with its unit as it counts its memory (T3): nothing, as a rule. */
    default void countMemory() { }

    /** Does what the kernel does at T4: queue, faults cleared, interrupt remapping table. */
    void initialiseInterrupts();

    /**
     * Switches translation off.
     *
     * @throws StepRefusedException if the unit does not obey
     */
    void disableTranslation() throws StepRefusedException;

    /**
     * Gives the unit empty tables and switches translation on.
     *
     * @throws StepRefusedException if the unit does not obey
     */
    void startClean() throws StepRefusedException;

    /**
     * Takes over the tables that the unit uses, translation staying on throughout.
     *
     * @throws StepRefusedException if they cannot be taken over; nothing was changed then
     */
    void adoptTables(AdoptDepth depth) throws StepRefusedException;

    /**
     * Gives the unit empty tables while translation stays on.
     *
     * @throws StepRefusedException if it cannot be done; nothing was changed then
     */
    default void startBlocked() throws StepRefusedException {
        throw notHere("start with blocked devices");
    }

    /**
     * Gives the unit tables in which all that its functions ask for leads to one page, while
     * translation stays on.
     *
     * @throws StepRefusedException if it cannot be done; nothing was changed then
     */
    default void mapScratch() throws StepRefusedException {
        throw notHere("map all addresses to one page");
    }

    /**
     * Blocks the DMA of a function and of those that share its requester id, until its driver maps
     * next: the function gets an empty domain then.
     *
     * @throws StepRefusedException if it cannot be done; nothing was changed then
     */
    default void block(int requester) throws StepRefusedException {
        throw notHere("block one function");
    }

    private static StepRefusedException notHere(String what) {
        return new StepRefusedException("the code for the unit does not " + what);
    }

    // ---- the same in parts, for kernels that go through all units more than once ----------------

    /**
     * Does the first half of {@link #initialiseInterrupts}: this kernel's table is in the unit
     * then, and remapping is as it was. A driver whose interrupts cannot be set up in parts refuses
     * both halves.
     *
     * @param extended whether destinations have 32 bits
     * @throws StepRefusedException if it cannot be done
     */
    default void setInterruptTable(boolean extended) throws StepRefusedException {
        throw notInParts();
    }

    /**
     * Does the second half: remapping on.
     *
     * @throws StepRefusedException if there is no first half
     */
    default void enableInterrupts() throws StepRefusedException {
        throw notInParts();
    }

    /**
     * Sets empty tables aside; the unit goes on as it is. A driver whose units are not set up in
     * parts refuses this and the four that follow.
     *
     * @throws StepRefusedException if the unit cannot be used so
     */
    default void allocateTables() throws StepRefusedException {
        throw notInParts();
    }

    /**
     * Copies the tables that the unit uses, which goes on with the old ones.
     *
     * @throws StepRefusedException if they cannot be copied; nothing was changed then
     */
    default void copyTables(AdoptDepth depth) throws StepRefusedException {
        throw notInParts();
    }

    /**
     * Points the unit to the tables set aside or copied last; translation stays as it is.
     *
     * @throws StepRefusedException if there are none
     */
    default void setTables() throws StepRefusedException {
        throw notInParts();
    }

    /**
     * Does what the kernel does with every function of the unit when it finds it.
     *
     * @throws StepRefusedException if the unit has no tables yet
     */
    default void probeFunctions() throws StepRefusedException {
        throw notInParts();
    }

    /**
     * Switches translation on, unless the tables were copied and it never went off.
     *
     * @throws StepRefusedException if the unit has no tables yet
     */
    default void enableTranslation() throws StepRefusedException {
        throw notInParts();
    }

    private static StepRefusedException notInParts() {
        return new StepRefusedException("this kernel's code for the unit does it in one step only");
    }

    /**
     * Gives an interrupt of a function an entry of this kernel's interrupt table.
     *
     * @param vector of the processor
     * @return the message that leads to it; null if this kernel uses no such table on the unit: the
     *     message is then the platform's
     * @throws IllegalStateException if the table is full or the kernel has no page left
     */
    default Message interruptMessage(int requester, int vector) {
        return null;
    }

    /**
     * Gives an input of an I/O APIC an entry of this kernel's interrupt table, as {@link
     * #interruptMessage} does.
     *
     * @param source id that its messages carry
     * @param input of that I/O APIC, from 0
     * @return null if this kernel uses no such table on the unit
     * @throws IllegalStateException if the table is full or the kernel has no page left
     */
    default Message controllerMessage(int source, int input, int vector) {
        return interruptMessage(source, vector);
    }

    /** Lets the unit announce faults by interrupt, unless it does; the last act of T6. */
    void enableFaultInterrupt();

    /**
     * Returns whether this kernel has let the unit announce faults by interrupt: some do at T4
     * already.
     */
    default boolean faultInterruptEnabled() {
        return false;
    }

    /** Reads, prints and clears the fault records, as the interrupt handler does. */
    void handleFaults();

    /**
     * Returns this kernel's own way to map for functions of the unit; null if addresses are given
     * out domain by domain, as {@link #domain} and {@link #iovaOrder} say, and entered by {@link
     * #map}. The same one at every call, once the unit has tables.
     */
    default DmaOps dmaOps() {
        return null;
    }

    /**
     * Returns the domain of a function: those of one unit for which it is equal share tables, and
     * so must share addresses. A function without a domain of this kernel's is given one first, as
     * {@link #map} does. The number counts beside others of this driver's only; this one is right
     * for a driver that gives every function tables of its own.
     *
     * @throws IllegalStateException if the kernel has no page left for tables
     */
    default int domain(int requester) {
        return requester;
    }

    /**
     * Returns in which order this kernel gives out the addresses of a function's domain.
     *
     * @param requester a function that has a domain
     */
    default IovaOrder iovaOrder(int requester) {
        return IovaOrder.LOW;
    }

    /**
     * Returns the addresses that were in use in a function's domain when this kernel took it over
     * with the domain's mappings kept ({@link AdoptDepth#keepsDomains}): they are not given out.
     * Collected when the tables were adopted, and not read again.
     *
     * @param requester a function that has a domain
     */
    default List<KernelPort.Range> keptRanges(int requester) {
        return List.of();
    }

    /**
     * Maps memory for a function, giving the function a domain first if it has none of this
     * kernel's.
     *
     * @param access {@link iommu.api.pcie.Access} bits
     * @throws IllegalStateException if the kernel has no page left for tables
     */
    void map(int requester, long iova, long physicalAddress, long bytes, int access);

    /**
     * Unmaps a range; flushed from the unit's caches before this returns unless the kernel is lazy.
     */
    void unmap(int requester, long iova, long bytes);

    /**
     * Returns whether this kernel, as it writes a dump, reads a page of old memory. It does not
     * read one of which it knows that a processor finds something else there: the dump has zeros of
     * it.
     *
     * @param physicalAddress of the page
     */
    default boolean readsOldMemory(long physicalAddress) {
        return true;
    }

    /**
     * Returns whether this kernel lets the unit translate at all: its command line may say that it
     * does not.
     */
    default boolean remapsDma() {
        return true;
    }

    /**
     * Returns whether this kernel, as it finds such a unit, has ports send requests between
     * functions up to it (Access Control Services).
     */
    default boolean wantsAccessControl() {
        return false;
    }

    /**
     * Returns whether this kernel has the requests of all functions pass unchanged: they are given
     * a {@link #domain} that says so, and nothing is mapped.
     */
    default boolean passesThrough() {
        return false;
    }

    /** Flushes what lazy unmaps left behind. */
    void flush();
}
