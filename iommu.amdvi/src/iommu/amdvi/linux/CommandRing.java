// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.amdvi.ExtendedFeature;
import iommu.api.unit.KernelPort;

/**
 * The kernel's side of the command buffer. A batch of commands ends with a COMPLETION_WAIT that
 * stores a number, one higher each time, in a word of the kernel's; the kernel polls that word for
 * 100 ms, complains if the number does not come, and goes on.
 *
 * <p>Source: Linux, amd/iommu.c, __iommu_queue_command_sync, iommu_completion_wait, wait_on_sem.
 */
final class CommandRing {

    private static final int ENTRIES_CODE = 9;
    private static final long BYTES = 16L << ENTRIES_CODE;
    private static final int PAGES = (int) (BYTES / 4096);
    private static final long TIMEOUT_NANOS = 100_000_000L;
    /** Ends a poll where the machine's clock stands still: LOOP_TIMEOUT, a microsecond each. */
    private static final int MAX_POLLS = 1_000_000;

    private final KernelPort port;
    private final UnitRegisters registers;
    private long base;
    private long size;
    private long tail;
    private long semaphore;
    private long number;
    private boolean awaits = true;
    private int timeOuts;

    CommandRing(KernelPort port, UnitRegisters registers) {
        this.port = port;
        this.registers = registers;
    }

    /** Goes on with the buffer that the unit has, at its tail. */
    void resume() {
        long register = registers.read(AmdViRegisters.CMD_BUF);
        base = AmdViRegisters.BASE.inPlace(register);
        size = AmdViRegisters.bufferBytes(register);
        tail = AmdViRegisters.OFFSET.inPlace(registers.read(AmdViRegisters.CMD_TAIL));
        semaphore = port.allocatePages(1);
    }

    /** Allocates a buffer of 512 commands and gives it to the unit. */
    void enable() {
        allocate();
        start();
    }

    /** Allocates a buffer of 512 commands, which the unit does not know yet. */
    void allocate() {
        base = port.allocatePages(PAGES);
        size = BYTES;
        semaphore = port.allocatePages(1);
        tail = 0;
    }

    /** Gives the unit the buffer that was allocated, empty: what was submitted so far is lost. */
    void start() {
        registers.write(AmdViRegisters.CMD_BUF, AmdViRegisters.LENGTH.with(base, ENTRIES_CODE));
        restart();
    }

    /** Starts over with the buffer that was allocated, of which the unit is never told. */
    void startUntold() {
        restart();
    }

    /**
     * Starts the buffer that the unit has from its first place.
     *
     * @param store where completions are stored; 0 for a word of this kernel
     */
    void reuse(long commandBase, long store) {
        base = AmdViRegisters.BASE.inPlace(commandBase);
        size = AmdViRegisters.bufferBytes(commandBase);
        semaphore = store != 0 ? store : port.allocatePages(1);
        restart();
    }

    private void restart() {
        tail = 0;
        registers.feature(Control.CMD_BUF_EN, false);
        registers.write(AmdViRegisters.CMD_HEAD, 0);
        registers.write(AmdViRegisters.CMD_TAIL, 0);
        registers.feature(Control.CMD_BUF_EN, true);
    }

    /** INVALIDATE_DEVTAB_ENTRY. */
    void deviceTableEntry(int device) {
        submit(Command.OPCODE.with(device, Command.INVALIDATE_DEVTAB_ENTRY), 0);
    }

    /** INVALIDATE_INTERRUPT_TABLE. */
    void interruptTable(int device) {
        submit(Command.OPCODE.with(device, Command.INVALIDATE_INTERRUPT_TABLE), 0);
    }

    /** INVALIDATE_IOMMU_PAGES for a range; directory entries stay. */
    void pages(int domain, long address, long bytes) {
        invalidatePages(domain, Command.pages(address, bytes, false));
    }

    /** INVALIDATE_IOMMU_PAGES for all pages and directory entries of a domain. */
    void domain(int domain) {
        invalidatePages(domain, Command.ALL_PAGES | 3);
    }

    private void invalidatePages(int domain, long q1) {
        long q0 = Command.DOMAIN_ID.with(0, domain);
        submit(Command.OPCODE.with(q0, Command.INVALIDATE_IOMMU_PAGES), q1);
    }

    /** INVALIDATE_IOMMU_ALL. */
    void everything() {
        submit(Command.OPCODE.with(0, Command.INVALIDATE_IOMMU_ALL), 0);
    }

    /** Flushes device by device and domain by domain, and completes each round. */
    void flushOneByOne(int devices) {
        for (int device = 0; device < devices; device++) {
            deviceTableEntry(device);
        }
        complete();
        for (int device = 0; device < devices; device++) {
            interruptTable(device);
        }
        complete();
        for (int domain = 0; domain < devices; domain++) {
            domain(domain);
        }
        complete();
    }

    /** Puts a command into the buffer; the unit has taken those before, or takes none at all. */
    private void submit(long q0, long q1) {
        port.write64(base + tail, q0);
        port.write64(base + tail + 8, q1);
        tail = (tail + Command.BYTES) % size;
        registers.write(AmdViRegisters.CMD_TAIL, tail);
    }

    /** Has {@link #complete} wait, or return at once. */
    void awaits(boolean on) {
        awaits = on;
    }

    /** Waits until the unit has done what was submitted, within the kernel's time-out. */
    void complete() {
        if (!awaits) {
            return;
        }
        number++;
        long q0 = semaphore & Command.STORE_ADDRESS.mask() | Command.S.mask();
        submit(Command.OPCODE.with(q0, Command.COMPLETION_WAIT), number);
        long start = port.nanos();
        for (int polls = 0; polls < MAX_POLLS; polls++) {
            if (port.read64(semaphore) == number) {
                return;
            }
            if (port.nanos() - start > TIMEOUT_NANOS) {
                break;
            }
        }
        timeOuts++;
        port.print("AMD-Vi: Completion-Wait loop timed out");
    }

    /** Returns how often a completion did not come in time. */
    int timeOuts() {
        return timeOuts;
    }

    /** Drops all that the unit caches: by one command where it has that, entry by entry otherwise. */
    void flushAll(int devices) {
        if (ExtendedFeature.IA_SUP.isSet(registers.read(AmdViRegisters.EXTENDED_FEATURE))) {
            everything();
            complete();
        } else {
            flushOneByOne(devices);
        }
    }
}
