// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A driver at work under the first kernel: sets its queues up step by step, in the pages that it
 * has mapped for them, then posts requests in bursts, the first ones into memory that is mapped
 * already, later ones into pages mapped for just that; or those of {@link Readers}, if the machine
 * tells of any. One thread.
 */
final class NvmeWorkload {

    private static final int COMMANDS = 64;
    private static final int BURST = 8;
    private static final int MOST_BURSTS_A_SECOND = 100;
    private static final int MOST_POSTED = 56;
    private static final int MAPPED_BEFORE = 48;
    private static final int PAGE_BYTES = QueueMemory.PAGE_BYTES;
    private static final int SECTORS_APART = PAGE_BYTES / Medium.SECTOR_BYTES;
    private static final long POLL_NANOS = 50_000;
    private static final long NANOS = 1_000_000_000;

    /** What it waits for. */
    private enum Stage {
        READY, IDENTITY, COMPLETION_QUEUE, SUBMISSION_QUEUE, DOORBELLS, RUNNING, STOPPED
    }

    private final DriverPort port;
    private final PciFunction function;
    private final Workload workload;
    private final RandomStream choices;
    private final List<DmaBuffer> pages;
    private final QueuePair admin;
    private final int stride;
    private final DmaBuffer[] owned = new DmaBuffer[COMMANDS];
    private final boolean[] posted = new boolean[COMMANDS];
    private Stage stage = Stage.READY;
    /** Where the controller says what it is, until it has. */
    private DmaBuffer identity;
    private QueuePages layout;
    private QueuePair io;
    /** Null without any. */
    private Readers readers;
    private int outstanding;
    private int command;
    private long number;

    NvmeWorkload(DriverPort port, Workload workload, long seed) {
        this.port = port;
        this.workload = workload;
        function = port.function();
        choices = new RandomStream(seed, "nvme-driver");
        pages = new ArrayList<>(workload.rings());
        if (pages.size() == 1) {
            pages.add(port.map(port.allocatePage(), PAGE_BYTES, Access.READ | Access.WRITE));
        }
        stride = NvmeDriver.stride(function);
        admin = new QueuePair(port, 0, NvmeHost.ADMIN_ENTRIES, QueueMemory.of(pages.subList(1, 2)),
                QueueMemory.of(pages.subList(0, 1)), stride);
    }

    /** Enables the controller. */
    void start() {
        if (workload.message() != null) {
            Interrupts.writeEntry(function, 0, workload.message());
        }
        admin.clear();
        NvmeDriver.enable(function, admin);
    }

    /** Goes on; returns when to call again. */
    long service() {
        switch (stage) {
            case READY -> {
                if (NvmeDriver.isReady(function)) {
                    identity = port.map(port.allocatePage(), PAGE_BYTES, Access.WRITE);
                    ask(NvmeCommands.IDENTIFY, identity.iova(), 0, NvmeCommands.CNS_CONTROLLER);
                    stage = Stage.IDENTITY;
                }
            }
            case IDENTITY -> {
                if (succeeded()) {
                    identified();
                    long size = io.id | (long) (io.entries - 1) << 16;
                    ask(NvmeCommands.CREATE_CQ, io.completions().iova(), 0, size
                            | (NvmeCommands.PC.mask() | NvmeCommands.IEN.mask()) << 32);
                    stage = Stage.COMPLETION_QUEUE;
                }
            }
            case COMPLETION_QUEUE -> {
                if (succeeded()) {
                    ask(NvmeCommands.CREATE_SQ, io.submissions().iova(), 0,
                            io.id | (long) (io.entries - 1) << 16
                                    | NvmeCommands.PC.mask() << 32 | (long) io.id << 48);
                    stage = Stage.SUBMISSION_QUEUE;
                }
            }
            case SUBMISSION_QUEUE -> {
                if (succeeded()) {
                    return begin();
                }
            }
            case DOORBELLS -> {
                if (succeeded()) {
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

    private void ask(int opcode, long prp1, long prp2, long dwords) {
        admin.put(opcode, 0, 0, prp1, prp2, dwords, 0);
        admin.ring();
    }

    private boolean succeeded() {
        if (!admin.take()) {
            return false;
        }
        admin.attended();
        if (admin.status() != 0) {
            stage = Stage.STOPPED;
        }
        return admin.status() == 0;
    }

    private void identified() {
        byte[] word = new byte[Short.BYTES];
        port.read(identity.physicalAddress() + NvmeCommands.OACS, word, 0, word.length);
        boolean shadow = NvmeCommands.DOORBELL_BUFFERS.isSet(word[1] << 8) && port.isFrom(4, 12);
        port.unmap(identity);
        port.freePage(identity.physicalAddress());
        layout = new QueuePages(pages, shadow);
        io = new QueuePair(port, 1, layout.entries(), layout.submissions(), layout.completions(),
                stride);
    }

    /** The I/O queues are there: those in pages of the admin queues, too, which are idle now. */
    private long begin() {
        io.clear();
        int count = (int) port.option(DeviceContext.READERS, 0);
        readers = count <= 0 ? null : new Readers(port, io, count);
        if (layout.doorbells() == null) {
            stage = Stage.RUNNING;
            return work();
        }
        var shadow = new DoorbellPages(port, layout.doorbells(), layout.events(), stride);
        shadow.clear();
        io.shadow(shadow);
        ask(NvmeCommands.DOORBELL_BUFFER_CONFIG, shadow.doorbells(), shadow.events(), 0);
        stage = Stage.DOORBELLS;
        return POLL_NANOS;
    }

    private long work() {
        if (workload.requestsPerSecond() <= 0) {
            return 0;
        }
        if (readers != null) {
            return readers.work();
        }
        boolean news = false;
        while (io.take()) {
            release(io.commandId() % COMMANDS);
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
            command = (command + 1) % COMMANDS;
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
        io.put(reads ? NvmeCommands.WRITE : NvmeCommands.READ, command, 1, buffer.iova(), 0,
                number * SECTORS_APART, blocks - 1);
        posted[command] = true;
        outstanding++;
        number++;
    }

    /** Returns memory that was mapped before; null if there is none for that. */
    private DmaBuffer mapped(boolean reads) {
        List<DmaBuffer> narrow = reads ? workload.readable() : workload.writeOnly();
        List<DmaBuffer> wide = workload.writable().isEmpty() ? layout.others()
                : workload.writable();
        List<DmaBuffer> from = wide.isEmpty() || !narrow.isEmpty() && choices.oneIn(2)
                ? narrow : wide;
        return from.isEmpty() ? null : from.get(choices.nextInt(from.size()));
    }
}
