// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import static devices.pcie.usb.AttachedDevice.DISK_IN;
import static devices.pcie.usb.AttachedDevice.DISK_OUT;

import devices.pcie.link.LittleEndian;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * One command of a disk after the other, as a running kernel gives them. The three stages of a
 * command are posted one when the other is done, so that at a crash one of them is under way. One
 * thread.
 *
 * <p>Source: Linux, transport.c: usb_stor_Bulk_transport.
 */
public final class BulkOnlyTransport {

    /** Stages of a command. */
    public static final int STAGES = 3;
    private static final int PAGE = 4096;
    private static final int TO_HOST = 0x80;
    private static final int CDB_BYTES = 10;

    private enum Stage { COMMAND, MOVING, STATUS, ENDED }

    private final DriverPort port;
    private final Pipes pipes;
    private final Workload work;
    private final RandomStream choices;
    private final Predicate<DmaBuffer> reachable;
    private final int most;
    private final int bytes;
    private final List<DmaBuffer> buffers = new ArrayList<>();
    private Stage stage = Stage.ENDED;
    private boolean toDisk;
    private boolean pooled;
    private long commands;
    private long outward;

    /**
     * Makes it, idle.
     *
     * @param reachable which buffers the controller reaches
     * @param most buffers of a command
     */
    public BulkOnlyTransport(DriverPort port, Pipes pipes, Workload work, RandomStream choices,
            Predicate<DmaBuffer> reachable, int most) {
        this.port = port;
        this.pipes = pipes;
        this.work = work;
        this.choices = choices;
        this.reachable = reachable;
        this.most = most;
        bytes = Math.max(1, work.bytes() / Medium.SECTOR_BYTES) * Medium.SECTOR_BYTES;
    }

    /** Posts the next command. */
    public void begin() {
        toDisk = choices.nextInt(1000) < work.readsPerMille();
        chooseBuffers();
        byte[] block = new byte[BulkOnlyDisk.COMMAND_BYTES];
        int length = buffers.size() * bytes;
        LittleEndian.putDword(block, 0, BulkOnlyDisk.COMMAND_SIGNATURE);
        LittleEndian.putDword(block, 4, commands);
        LittleEndian.putDword(block, 8, length);
        block[12] = (byte) (toDisk ? 0 : TO_HOST);
        block[14] = CDB_BYTES;
        block[15] = (byte) (toDisk ? BulkOnlyDisk.WRITE : BulkOnlyDisk.READ);
        long sector = commands++ * most * PAGE / Medium.SECTOR_BYTES;
        for (int i = 0; i < 4; i++) {
            block[17 + i] = (byte) (sector >>> 24 - 8 * i);
        }
        block[23] = (byte) (length / Medium.SECTOR_BYTES);
        pipes.command(block);
        pipes.post(DISK_OUT, pipes.commandAt(), block.length, false);
        pipes.start(DISK_OUT);
        outward++;
        stage = Stage.COMMAND;
    }

    /**
     * Goes on after a transfer of the disk.
     *
     * @param done whether it was done as it was to be; if not, no more commands are given
     */
    public void transferred(boolean done) {
        if (!done) {
            stage = Stage.ENDED;
        }
        switch (stage) {
            case COMMAND -> move();
            case MOVING -> {
                pipes.post(DISK_IN, pipes.statusAt(), BulkOnlyDisk.STATUS_BYTES, false);
                pipes.start(DISK_IN);
                stage = Stage.STATUS;
            }
            case STATUS -> {
                release();
                begin();
            }
            default -> { }
        }
    }

    /** Returns whether no transfer is under way. */
    public boolean hasEnded() {
        return stage == Stage.ENDED;
    }

    private void chooseBuffers() {
        List<DmaBuffer> own = toDisk ? work.readable() : work.writeOnly();
        List<DmaBuffer> mapped = (own.isEmpty() ? work.writable() : own).stream()
                .filter(reachable).toList();
        buffers.clear();
        for (int i = 0; i < most; i++) {
            buffers.add(pooled || mapped.isEmpty() ? port.map(port.allocatePage(), PAGE,
                    toDisk ? Access.READ : Access.WRITE)
                    : mapped.get(choices.nextInt(mapped.size())));
        }
        pooled = pooled || mapped.isEmpty();
    }

    private void release() {
        if (pooled) {
            for (DmaBuffer buffer : buffers) {
                port.unmap(buffer);
                port.freePage(buffer.physicalAddress());
            }
        }
        pooled = true;
        buffers.clear();
    }

    private void move() {
        int endpoint = toDisk ? DISK_OUT : DISK_IN;
        for (int i = 0; i < buffers.size(); i++) {
            pipes.post(endpoint, buffers.get(i).iova(), bytes, i < buffers.size() - 1);
        }
        if (toDisk) {
            port.posted(pipes.number(outward++), Medium.BLOCKS);
        }
        pipes.start(endpoint);
        stage = Stage.MOVING;
    }
}
