// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CissLayout.MAX_OUTSTANDING;
import static devices.pcie.raid.CommandLayout.DIRECTION_READ;
import static devices.pcie.raid.CommandLayout.DIRECTION_WRITE;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;

/**
 * What a driver does under its first kernel: it has as many commands outstanding as its pages hold,
 * {@value #PER_PAGE} a page, adds pages until as many are as the controller takes, and posts a new
 * command for each that ends. One thread.
 */
final class DeepQueue {

    static final int PAGE_BYTES = 4096;
    /** From one command list to the next, a multiple of 32. */
    static final int SLOT_BYTES = 96;
    static final int PER_PAGE = PAGE_BYTES / SLOT_BYTES;
    /** Where in a slot error information goes, and how much of it. */
    private static final int ERROR_OFFSET = 72;
    private static final int ERROR_BYTES = SLOT_BYTES - ERROR_OFFSET;
    private static final int TAG_SHIFT = 4;
    private static final long CHANGE_POLL_NANOS = 1_000_000;
    private static final int SECTORS_APART = PAGE_BYTES / Medium.SECTOR_BYTES;

    private final DriverPort port;
    private final Board board;
    private final CommandBuilder builder = new CommandBuilder();
    private final List<DmaBuffer> pages = new ArrayList<>();
    private Workload workload = Workload.none();
    private RandomStream choices = new RandomStream(0, "");
    private final DmaBuffer[] owned = new DmaBuffer[MAX_OUTSTANDING];
    private int slots;
    private int bytes;
    private long number;
    private boolean changing;
    private boolean grown;

    DeepQueue(DriverPort port, Board board) {
        this.port = port;
        this.board = board;
    }

    /** Begins: with all command lists in pages of the same 4 GiB, which is what one may ask for. */
    void start(Workload work, long seed) {
        workload = work;
        choices = new RandomStream(seed, "hpsa");
        bytes = Math.min(PAGE_BYTES, Math.max(1, work.bytes()) + Medium.SECTOR_BYTES - 1
                & -Medium.SECTOR_BYTES);
        long high = work.rings().get(0).iova() >>> 32;
        for (DmaBuffer page : work.rings()) {
            if (page.iova() >>> 32 == high) {
                pages.add(page);
            }
        }
        if (work.message() != null) {
            Interrupts.writeEntry(port.function(), 0, work.message());
        }
        board.tellOfReplies(true);
        changing = high != 0;
        if (changing) {
            board.askForSimple(high);
        } else {
            postAll();
        }
    }

    /** Posts a command in each slot of the pages that has none yet. */
    private void postAll() {
        int until = Math.min(MAX_OUTSTANDING, pages.size() * PER_PAGE);
        while (slots < until) {
            postFixed(slots++);
        }
    }

    /** Adds pages of the kernel's, as long as they lie in the same 4 GiB as the others. */
    private void grow() {
        grown = true;
        long high = pages.get(0).iova() >>> 32;
        while (pages.size() * PER_PAGE < MAX_OUTSTANDING) {
            DmaBuffer page = port.map(port.allocatePage(), PAGE_BYTES,
                    Access.READ | Access.WRITE);
            if (page.iova() >>> 32 != high) {
                port.unmap(page);
                port.freePage(page.physicalAddress());
                return;
            }
            pages.add(page);
            postAll();
        }
    }

    /** Looks after what has ended; returns nanoseconds until the next time, 0 for never. */
    long service() {
        if (workload.requestsPerSecond() == 0) {
            return 0;
        }
        if (changing) {
            changing = !board.hasChanged();
            if (changing) {
                return CHANGE_POLL_NANOS;
            }
            postAll();
        }
        if (!grown) {
            grow();
        }
        for (int left = slots; left > 0; left--) {
            int reply = board.reply();
            if (reply == CissLayout.QUEUE_EMPTY) {
                break;
            }
            ended(reply >>> TAG_SHIFT);
        }
        return (long) (2e9 / workload.requestsPerSecond());
    }

    private void ended(int slot) {
        if (slot >= slots) {
            return;
        }
        release(slot);
        postPooled(slot);
    }

    private void release(int slot) {
        DmaBuffer buffer = owned[slot];
        if (buffer != null) {
            owned[slot] = null;
            port.unmap(buffer);
            port.freePage(buffer.physicalAddress());
        }
    }

    // ---- commands -------------------------------------------------------------------------------

    private boolean wantsToWrite() {
        return choices.nextInt(1000) < workload.readsPerMille();
    }

    /** Posts a command with a buffer that was mapped before this driver's time. */
    private void postFixed(int slot) {
        boolean writes = wantsToWrite();
        List<DmaBuffer> first = writes ? workload.readable() : workload.writeOnly();
        if (first.isEmpty() && workload.writable().isEmpty()) {
            writes = !writes;
            first = writes ? workload.readable() : workload.writeOnly();
        }
        if (first.isEmpty() && workload.writable().isEmpty()) {
            return;
        }
        List<DmaBuffer> from = !first.isEmpty()
                && (workload.writable().isEmpty() || choices.oneIn(2))
                        ? first : workload.writable();
        post(slot, writes, from.get(choices.nextInt(from.size())));
    }

    /** Posts a command with a page of the kernel's pool, mapped for just this command. */
    private void postPooled(int slot) {
        boolean writes = wantsToWrite();
        owned[slot] = port.map(port.allocatePage(), PAGE_BYTES,
                writes ? Access.READ : Access.WRITE);
        post(slot, writes, owned[slot]);
    }

    private void post(int slot, boolean writes, DmaBuffer buffer) {
        DmaBuffer page = pages.get(slot / PER_PAGE);
        int offset = slot % PER_PAGE * SLOT_BYTES;
        builder.command(slot << TAG_SHIFT, true, 16,
                        writes ? CommandLayout.WRITE_16 : CommandLayout.READ_16)
                .block16(number * SECTORS_APART % ScsiTarget.SECTORS,
                        bytes / Medium.SECTOR_BYTES)
                .data(writes ? DIRECTION_WRITE : DIRECTION_READ, buffer.iova(), bytes)
                .errors(page.iova() + offset + ERROR_OFFSET, ERROR_BYTES);
        port.write(page.physicalAddress() + offset, builder.list(), 0, CommandBuilder.BYTES);
        if (writes) {
            port.posted(number, Medium.BLOCKS);
        }
        number++;
        board.post(page.iova() + offset);
    }
}
