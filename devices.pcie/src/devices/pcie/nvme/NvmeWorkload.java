// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.List;

/**
 * A driver at work under the first kernel: sets its queues up step by step, then posts requests in
 * bursts, the first ones into memory that is mapped already, later ones into pages mapped for just
 * that. Admin queues are idle once the I/O queues are there; with fewer than four pages these take
 * their place. One thread.
 */
final class NvmeWorkload {

    private static final int ENTRIES = 64;
    private static final int BURST = 8;
    private static final int MOST_BURSTS_A_SECOND = 100;
    private static final int MOST_POSTED = 56;
    private static final int MAPPED_BEFORE = 48;
    private static final int PAGE_BYTES = 4096;
    private static final int SECTORS_APART = PAGE_BYTES / Medium.SECTOR_BYTES;
    private static final int SEPARATE_PAGES = 4;
    private static final long POLL_NANOS = 50_000;
    private static final long NANOS = 1_000_000_000;

    /** What it waits for. */
    private enum Stage { READY, COMPLETION_QUEUE, SUBMISSION_QUEUE, RUNNING, STOPPED }

    private final DriverPort port;
    private final PciFunction function;
    private final Workload workload;
    private final RandomStream choices;
    private final QueuePair admin;
    private final QueuePair io;
    private final DmaBuffer[] owned = new DmaBuffer[ENTRIES];
    private final boolean[] posted = new boolean[ENTRIES];
    private Stage stage = Stage.READY;
    private int outstanding;
    private int command;
    private long number;

    NvmeWorkload(DriverPort port, Workload workload, long seed) {
        this.port = port;
        this.workload = workload;
        function = port.function();
        choices = new RandomStream(seed, "nvme-driver");
        List<DmaBuffer> rings = workload.rings();
        boolean separate = rings.size() >= SEPARATE_PAGES;
        DmaBuffer first = rings.get(0);
        DmaBuffer second = rings.size() > 1 ? rings.get(1)
                : port.map(port.allocatePage(), PAGE_BYTES, Access.READ | Access.WRITE);
        int stride = NvmeDriver.stride(function);
        admin = new QueuePair(port, 0, ENTRIES / 2, first, second, stride);
        io = new QueuePair(port, 1, ENTRIES, separate ? rings.get(2) : first,
                separate ? rings.get(3) : second, stride);
    }

    /** Enables the controller. */
    void start() {
        if (workload.message() != null) {
            Interrupts.writeEntry(function, 0, workload.message());
        }
        admin.clearCompletions();
        NvmeDriver.enable(function, admin);
    }

    /** Goes on; returns when to call again. */
    long service() {
        switch (stage) {
            case READY -> {
                if (NvmeDriver.isReady(function)) {
                    admin.put(NvmeCommands.CREATE_CQ, 0, 0, io.completions().iova(),
                            io.id | (long) (ENTRIES - 1) << 16 | NvmeCommands.PC.mask() << 32
                                    | NvmeCommands.IEN.mask() << 32, 0);
                    admin.ring();
                    stage = Stage.COMPLETION_QUEUE;
                }
            }
            case COMPLETION_QUEUE -> {
                if (succeeded()) {
                    admin.put(NvmeCommands.CREATE_SQ, 1, 0, io.submissions().iova(),
                            io.id | (long) (ENTRIES - 1) << 16 | NvmeCommands.PC.mask() << 32
                                    | (long) io.id << 48, 0);
                    admin.ring();
                    stage = Stage.SUBMISSION_QUEUE;
                }
            }
            case SUBMISSION_QUEUE -> {
                if (succeeded()) {
                    io.clearCompletions();
                    stage = Stage.RUNNING;
                    return work();
                }
            }
            case RUNNING -> {
                return work();
            }
            default -> { }
        }
        return stage == Stage.STOPPED ? 0 : POLL_NANOS;
    }

    private boolean succeeded() {
        if (!admin.take()) {
            return false;
        }
        admin.attended();
        if (admin.status() != 0) {
            stage = Stage.STOPPED;
        }
        return stage != Stage.STOPPED;
    }

    private long work() {
        if (workload.requestsPerSecond() <= 0) {
            return 0;
        }
        boolean news = false;
        while (io.take()) {
            release(io.commandId() % ENTRIES);
            news = true;
        }
        if (news) {
            io.attended();
        }
        int burst = (int) Math.max(1,
                Math.min(BURST, workload.requestsPerSecond() / MOST_BURSTS_A_SECOND));
        for (int i = 0; i < burst && outstanding < MOST_POSTED; i++) {
            post();
        }
        io.ring();
        return Math.max(1, (long) (burst * (double) NANOS / workload.requestsPerSecond()));
    }

    private void release(int id) {
        posted[id] = false;
        outstanding--;
        DmaBuffer buffer = owned[id];
        if (buffer != null) {
            owned[id] = null;
            port.unmap(buffer);
            port.freePage(buffer.physicalAddress());
        }
    }

    private void post() {
        while (posted[command]) {
            command = (command + 1) % ENTRIES;
        }
        boolean reads = choices.nextInt(1000) < workload.readsPerMille();
        DmaBuffer buffer = number < MAPPED_BEFORE ? mapped(reads) : null;
        if (buffer == null) {
            buffer = port.map(port.allocatePage(), PAGE_BYTES, reads ? Access.READ : Access.WRITE);
            owned[command] = buffer;
        }
        if (reads) {
            port.posted(number, Medium.BLOCKS);
        }
        int blocks = Math.max(1, (workload.bytes() + Medium.SECTOR_BYTES - 1)
                / Medium.SECTOR_BYTES);
        io.put(reads ? NvmeCommands.WRITE : NvmeCommands.READ, command, 1, buffer.iova(),
                number * SECTORS_APART, blocks - 1);
        posted[command] = true;
        outstanding++;
        number++;
    }

    /** Returns memory that was mapped before; null if there is none for that. */
    private DmaBuffer mapped(boolean reads) {
        List<DmaBuffer> narrow = reads ? workload.readable() : workload.writeOnly();
        List<DmaBuffer> wide = workload.writable();
        List<DmaBuffer> from = wide.isEmpty() || !narrow.isEmpty() && choices.oneIn(2)
                ? narrow : wide;
        return from.isEmpty() ? null : from.get(choices.nextInt(from.size()));
    }
}
