// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.BSY;
import static devices.pcie.ahci.AhciLayout.DHRS;
import static devices.pcie.ahci.AhciLayout.DPS;
import static devices.pcie.ahci.AhciLayout.HBFS;
import static devices.pcie.ahci.AhciLayout.OFS;
import static devices.pcie.ahci.AhciLayout.PSS;
import static devices.pcie.ahci.AhciLayout.SDBS;
import static devices.pcie.ahci.AhciLayout.TFES;

import devices.pcie.ahci.AtaDisk.Protocol;
import devices.pcie.link.Link;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;

/**
 * The command that the disk is carrying out: medium, data over the link, its end, and the
 * interrupt, each in an event of its own. One thread.
 *
 * <p>Source: AHCI 1.3.1, "DMA Setup", "PIO Setup", "Register FIS", "Set Device Bits" states of the
 * port; Serial ATA, "Data - Bidirectional", at most 8 KiB a FIS.
 */
final class CommandExecution {

    private static final int DATA_FIS_BYTES = 8192;
    /** A lane of 1.5 Gb/s carries 150 bytes in a microsecond. */
    private static final long LINK_BYTES_PER_MICROSECOND = 150;
    private static final long COMMAND_NANOS = 20_000;
    private static final long FINISH_NANOS = 1_000;
    private static final long INTERRUPT_NANOS = 200;

    private final CommandEngine engine;
    private final AhciPort port;
    private final DeviceContext context;
    private final AtaDisk disk;
    private final PrdTable prds;
    private final Link link;
    private final Runnable executeStep;
    private final Runnable dataStep;
    private final Runnable finishStep;
    private final Runnable interruptStep = this::interrupt;
    private final byte[] data = new byte[DATA_FIS_BYTES];
    private final byte[] count = new byte[Integer.BYTES];
    private int slot = -1;
    private boolean taken;
    private boolean prefetched;
    private long moved;
    private long causes;

    CommandExecution(CommandEngine engine, AhciPort port, DeviceContext context, AtaDisk disk) {
        this.engine = engine;
        this.port = port;
        this.context = context;
        this.disk = disk;
        prds = new PrdTable(context.dma());
        link = Link.of(context.function());
        executeStep = engine.step(this::execute);
        dataStep = engine.step(this::data);
        finishStep = engine.step(this::finish);
    }

    /** Returns whether a command is in hand. */
    boolean isBusy() {
        return slot >= 0;
    }

    /** Fetches the first PRDs of a command that is not queued; false if that aborts. */
    boolean prefetch(int of) {
        prefetched = true;
        return prds.begin(engine.prdTable(of), engine.prdEntries(of));
    }

    /** Begins with a command: the medium takes its time. */
    void begin(int of) {
        slot = of;
        moved = 0;
        context.schedule(engine.usesMedium(of) ? port.mediumNanos() : COMMAND_NANOS, executeStep);
    }

    private void execute() {
        context.resume(engine.token(slot));
        taken = engine.taken(slot);
        if (!taken || disk.bytes() == 0) {
            context.schedule(FINISH_NANOS, finishStep);
            return;
        }
        if (!prefetched) {
            port.receiveDmaSetup(engine.tag(slot), toMemory(), (int) disk.bytes());
            if (!prds.begin(engine.prdTable(slot), engine.prdEntries(slot))) {
                fatal(HBFS.mask());
                return;
            }
        }
        planData();
    }

    private boolean toMemory() {
        Protocol protocol = disk.protocol();
        return protocol == Protocol.PIO_IN || protocol == Protocol.DMA_IN
                || protocol == Protocol.QUEUED_IN;
    }

    private boolean isPio() {
        return disk.protocol() == Protocol.PIO_IN || disk.protocol() == Protocol.PIO_OUT;
    }

    private boolean isQueued() {
        return disk.protocol() == Protocol.QUEUED_IN || disk.protocol() == Protocol.QUEUED_OUT
                || disk.protocol() == null && !prefetched;
    }

    private int chunk() {
        return (int) Math.min(disk.bytes() - moved,
                isPio() ? AtaDisk.SECTOR_BYTES : DATA_FIS_BYTES);
    }

    private void planData() {
        int bytes = chunk();
        context.schedule(Math.max(link.nanos(bytes), bytes * 1000L / LINK_BYTES_PER_MICROSECOND),
                dataStep);
    }

    private void data() {
        context.resume(engine.token(slot));
        int bytes = chunk();
        boolean toMemory = toMemory();
        long sector = disk.sector() + moved / AtaDisk.SECTOR_BYTES;
        if (isPio()) {
            pioSetup(toMemory, bytes);
        }
        if (toMemory) {
            fill(sector, bytes);
        }
        PrdTable.Outcome outcome = prds.move(toMemory, data, bytes);
        if (prds.takeInterrupt()) {
            raise(DPS.mask());
        }
        if (outcome == PrdTable.Outcome.ABORTED) {
            fatal(HBFS.mask());
        } else if (outcome == PrdTable.Outcome.OVERFLOW) {
            overflow(toMemory);
        } else {
            if (!toMemory) {
                context.store(Medium.BLOCKS, sector, data, 0, bytes);
            }
            moved(toMemory, bytes);
        }
    }

    private void fill(long sector, int bytes) {
        byte[] identification = disk.identification();
        if (identification != null) {
            System.arraycopy(identification, 0, data, 0, bytes);
        } else {
            context.fetch(Medium.BLOCKS, sector, data, 0, bytes);
        }
    }

    private void pioSetup(boolean toMemory, int bytes) {
        if (toMemory) {
            disk.advance(1);
        }
        boolean last = moved + bytes == disk.bytes();
        int end = last && toMemory ? disk.status() : disk.status() | (int) BSY.mask();
        port.receivePioSetup(toMemory, toMemory || moved > 0, end, bytes);
    }

    private void moved(boolean toMemory, int bytes) {
        if (isPio() && !toMemory) {
            disk.advance(1);
        }
        moved += bytes;
        if (moved < disk.bytes()) {
            if (isPio()) {
                raise(PSS.mask());
            }
            planData();
        } else {
            context.schedule(FINISH_NANOS, finishStep);
        }
    }

    /** What the PRDs have no room for is thrown away; what they do not hold the disk waits for. */
    private void overflow(boolean toMemory) {
        if (toMemory) {
            raise(OFS.mask());
            context.schedule(FINISH_NANOS, finishStep);
        }
    }

    private void finish() {
        context.resume(engine.token(slot));
        int done = slot;
        slot = -1;
        boolean queued = isQueued();
        prefetched = false;
        if (queued) {
            finishQueued(done);
        } else {
            finishSingle(done);
        }
        if (taken) {
            engine.look();
            engine.beginQueued();
        } else {
            engine.fail();
        }
    }

    private void finishQueued(int done) {
        int tag = engine.tag(done);
        port.receiveDeviceBits(taken ? 1 << tag : 0);
        raise(taken ? SDBS.mask() : TFES.mask());
    }

    private void finishSingle(int done) {
        if (moved > 0) {
            for (int i = 0; i < count.length; i++) {
                count[i] = (byte) (moved >>> 8 * i);
            }
            context.dma().write(engine.byteCount(done), count, 0, count.length);
        }
        if (!taken) {
            port.receiveRegister(true);
            raise(TFES.mask() | DHRS.mask());
            return;
        }
        if (disk.protocol() == Protocol.PIO_IN) {
            port.taskFile();
            raise(PSS.mask());
        } else {
            if (!isPio()) {
                disk.advance((int) (moved / AtaDisk.SECTOR_BYTES));
            }
            port.receiveRegister(true);
            raise(DHRS.mask());
        }
        port.done(done);
    }

    private void fatal(long cause) {
        engine.fail();
        port.fatal(cause);
    }

    private void raise(long cause) {
        if (causes == 0) {
            context.schedule(INTERRUPT_NANOS, interruptStep);
        }
        causes |= cause;
    }

    private void interrupt() {
        long due = causes;
        causes = 0;
        if (!engine.isStopped() && port.present()) {
            port.raise(due);
        }
    }
}
