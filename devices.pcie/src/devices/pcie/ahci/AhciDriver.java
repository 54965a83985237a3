// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.COMRESET;
import static devices.pcie.ahci.AhciLayout.HBFS;
import static devices.pcie.ahci.AhciLayout.IFS;
import static devices.pcie.ahci.AhciLayout.PX_CI;
import static devices.pcie.ahci.AhciLayout.PX_IE;
import static devices.pcie.ahci.AhciLayout.PX_SACT;
import static devices.pcie.ahci.AhciLayout.PX_SCTL;
import static devices.pcie.ahci.AhciLayout.TFES;

import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.List;

/**
 * The driver of an adapter with a disk. Under the first kernel it fills all slots with
 * queued commands, and then keeps to the rate that is asked; under a capture kernel it probes as
 * {@link DiskProbe} does and writes by one queued command at a time. One thread.
 *
 * <p>Source: Linux, libahci.c, libata-eh.c: 30 seconds for a command, then a port reset and, here,
 * one more try.
 */
final class AhciDriver implements DeviceDriver {

    private static final long MILLI = 1_000_000;
    private static final long COMMAND_NANOS = 30_000 * MILLI;
    private static final long POLL_NANOS = 10_000;
    private static final int PER_SERVICE = 2;
    private static final int PAGE_BYTES = 4096;
    private static final int SECTORS_APART = PAGE_BYTES / Medium.SECTOR_BYTES;

    /** How far the first kernel's driver is: in what it does over time. */
    private enum State { IDLE, STARTING, RUNNING, RESETTING, LINKING }

    private final DriverPort port;
    private final DiskProbe probe;
    private PortAccess access;
    private CommandTables tables;
    private Workload workload = Workload.none();
    private RandomStream choices = new RandomStream(0, "");
    private DmaBuffer[] owned = {};
    private State state = State.IDLE;
    private int issued;
    private int next;
    private boolean pooled;
    private boolean bound;
    private long number;
    private long sincePosted;

    AhciDriver(DriverPort port) {
        this.port = port;
        probe = new DiskProbe(port);
    }

    // ---- under the first kernel -----------------------------------------------------------------

    @Override
    public void start(Workload work, long seed) {
        if (work.requestsPerSecond() == 0 || work.rings().isEmpty()) {
            return;
        }
        workload = work;
        choices = new RandomStream(seed, "ahci-driver");
        access = PortAccess.ofDisk(port);
        tables = new CommandTables(port, work.rings());
        owned = new DmaBuffer[tables.slots()];
        if (work.message() != null) {
            Interrupts.writeEntry(port.function(), 0, work.message());
        }
        access.enableInterrupts();
        access.startReceiving(tables);
        state = State.STARTING;
    }

    @Override
    public long service() {
        return switch (state) {
            case IDLE -> 0;
            case STARTING -> startWhenReady();
            case RUNNING -> run();
            case RESETTING -> endReset();
            case LINKING -> afterReset();
        };
    }

    private long interval() {
        return Math.max(POLL_NANOS, (long) (PER_SERVICE * 1e9 / workload.requestsPerSecond()));
    }

    private long startWhenReady() {
        if (!access.isReady()) {
            return POLL_NANOS;
        }
        access.takeInterrupt();
        access.write(PX_IE, DiskProbe.WANTED_INTERRUPTS);
        access.startEngine();
        state = State.RUNNING;
        post(tables.slots());
        pooled = true;
        return interval();
    }

    private long run() {
        long causes = access.takeInterrupt();
        int done = issued & ~(int) access.read(PX_SACT);
        boolean failed = (causes & (TFES.mask() | HBFS.mask() | IFS.mask())) != 0;
        sincePosted = done == 0 && issued != 0 ? sincePosted + interval() : 0;
        if (failed || sincePosted > COMMAND_NANOS) {
            return beginReset();
        }
        release(done);
        post(PER_SERVICE);
        return interval();
    }

    private void release(int done) {
        for (int left = done; left != 0; left &= left - 1) {
            int slot = Integer.numberOfTrailingZeros(left);
            DmaBuffer buffer = owned[slot];
            owned[slot] = null;
            if (buffer != null) {
                port.unmap(buffer);
                port.freePage(buffer.physicalAddress());
            }
        }
        issued &= ~done;
    }

    /** Posts commands as long as the next slot, round and round, is free. */
    private void post(int most) {
        for (int i = 0; i < most && (issued >>> next & 1) == 0; i++) {
            boolean toDisk = choices.nextInt(1000) < workload.readsPerMille();
            DmaBuffer buffer = pooled ? pool(next, toDisk) : mapped(toDisk);
            if (buffer == null) {
                return;
            }
            int sectors = Math.max(1, (workload.bytes() + Medium.SECTOR_BYTES - 1)
                    / Medium.SECTOR_BYTES);
            issue(next, toDisk, number * SECTORS_APART, sectors, buffer);
            issued |= 1 << next;
            next = (next + 1) % tables.slots();
        }
    }

    /** Returns a page that was mapped before this driver's time; null if there is none. */
    private DmaBuffer mapped(boolean toDisk) {
        List<DmaBuffer> own = toDisk ? workload.readable() : workload.writeOnly();
        List<DmaBuffer> both = workload.writable();
        List<DmaBuffer> from = !own.isEmpty() && (both.isEmpty() || choices.oneIn(2)) ? own : both;
        return from.isEmpty() ? null : from.get(choices.nextInt(from.size()));
    }

    private DmaBuffer pool(int slot, boolean toDisk) {
        owned[slot] = port.map(port.allocatePage(), PAGE_BYTES,
                toDisk ? Access.READ : Access.WRITE);
        return owned[slot];
    }

    private void issue(int slot, boolean toDisk, long sector, int sectors, DmaBuffer buffer) {
        tables.command(slot, toDisk ? AtaDisk.WRITE_FPDMA_QUEUED : AtaDisk.READ_FPDMA_QUEUED,
                sector, sectors, buffer);
        if (toDisk) {
            port.posted(number, Medium.BLOCKS);
        }
        number++;
        access.write(PX_SACT, 1L << slot);
        access.write(PX_CI, 1L << slot);
    }

    // ---- error handling under the first kernel --------------------------------------------------

    private long beginReset() {
        access.write(PX_IE, 0);
        access.stopEngine();
        access.write(PX_SCTL, 0x300 | COMRESET);
        state = State.RESETTING;
        return MILLI;
    }

    private long endReset() {
        access.write(PX_SCTL, 0x300);
        state = State.LINKING;
        return 300 * MILLI;
    }

    private long afterReset() {
        access.clearErrors();
        access.takeInterrupt();
        if (!access.isReady()) {
            state = State.IDLE;
            return 0;
        }
        access.write(PX_IE, DiskProbe.WANTED_INTERRUPTS);
        release(issued);
        number = 0;
        next = 0;
        sincePosted = 0;
        access.startEngine();
        state = State.RUNNING;
        post(tables.slots());
        return interval();
    }

    // ---- under a capture kernel -----------------------------------------------------------------

    @Override
    public String probe() {
        number = 0;
        String failure = probe.probe();
        access = probe.access();
        tables = probe.tables();
        bound = failure == null;
        return failure;
    }

    /**
     * {@inheritDoc} Nothing before 5.6; caches of disks are not flushed here.
     *
     * <p>Source: Linux, ahci_shutdown_one, ata_pci_shutdown_one (10a663a1b151, version from
     * memory).
     */
    @Override
    public String shutdown() {
        if (bound && port.isFrom(5, 6)) {
            access.write(PX_IE, 0);
            access.stopEngine();
        }
        return null;
    }

    @Override
    public String write(long physicalAddress, int bytes, long sector) {
        int sectors = (bytes + Medium.SECTOR_BYTES - 1) / Medium.SECTOR_BYTES;
        DmaBuffer buffer = port.map(physicalAddress, sectors * Medium.SECTOR_BYTES, Access.READ);
        String failure = write(buffer, sectors, sector);
        if (failure != null) {
            number = 0;
            failure = probe.reset();
            failure = failure != null ? failure : probe.identifyAndSet();
            failure = failure != null ? failure : write(buffer, sectors, sector);
        }
        port.unmap(buffer);
        return failure;
    }

    private String write(DmaBuffer buffer, int sectors, long sector) {
        tables.command(0, AtaDisk.WRITE_FPDMA_QUEUED, sector, sectors, buffer);
        port.posted(number++, Medium.BLOCKS);
        return probe.execute(true, COMMAND_NANOS) == 0 ? null
                : "I/O error, dev sda, sector " + sector + " op 0x1:(WRITE)";
    }
}
