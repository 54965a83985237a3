// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.CFL;
import static devices.pcie.ahci.AhciLayout.CTBA;
import static devices.pcie.ahci.AhciLayout.DHRS;
import static devices.pcie.ahci.AhciLayout.FIS_BYTES;
import static devices.pcie.ahci.AhciLayout.FIS_COMMAND;
import static devices.pcie.ahci.AhciLayout.HBFS;
import static devices.pcie.ahci.AhciLayout.HEADER_BYTES;
import static devices.pcie.ahci.AhciLayout.HOST_TO_DEVICE;
import static devices.pcie.ahci.AhciLayout.IFS;
import static devices.pcie.ahci.AhciLayout.PRDT;
import static devices.pcie.ahci.AhciLayout.PRDTL;
import static devices.pcie.ahci.AhciLayout.PX_CI;
import static devices.pcie.ahci.AhciLayout.PX_SACT;
import static devices.pcie.ahci.AhciLayout.SLOTS;
import static devices.pcie.ahci.AhciLayout.TFES;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The command list processor of a port, from one start of the port to its stop: fetches headers and
 * command FISes of the slots that were issued, and hands them to the disk. A header and a FIS that
 * were fetched are held until their command is done; a stop, which comes with every reset, lets go
 * of them. After a fatal error it does nothing until the port is started again. One thread.
 *
 * <p>While the function is no bus master it waits, and goes on when it is one again.
 *
 * <p>Source: AHCI 1.3.1, "HBA Port State Machine", "Fatal Error".
 */
final class CommandEngine {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HEADER_NANOS = 500;
    private static final long TABLE_NANOS = 300;
    private static final long ACCEPT_NANOS = 1_000;
    private static final long RETRY_NANOS = 1_000_000;
    private static final long TABLE_ALIGNMENT = 0x80;
    /** Byte 15 of a FIS without C, the device control register. */
    private static final int CONTROL = 15;
    private static final int SOFT_RESET = 4;

    private final AhciPort port;
    private final DeviceContext context;
    private final DmaPort dma;
    private final AtaDisk disk;
    private final long list;
    private final CommandExecution execution;
    private final Runnable headerStep = step(this::header);
    private final Runnable tableStep = step(this::table);
    private final Runnable acceptStep = step(this::accept);
    private final byte[] header = new byte[HEADER_BYTES];
    /** By slot, what has been fetched of its command. */
    private final int[] flags = new int[SLOTS];
    private final long[] tables = new long[SLOTS];
    private final byte[] fises = new byte[SLOTS * FIS_BYTES];
    private final int[] tokens = new int[SLOTS];
    /** Queued commands that the disk has accepted, in order, and that are not begun. */
    private final int[] queue = new int[SLOTS];
    private int first;
    private int queued;
    private int slot = -1;
    private boolean fetching;
    private boolean softReset;
    private boolean failed;
    private boolean stopped;

    /** Starts it on a command list; {@code disk} is null if none is there. */
    CommandEngine(AhciPort port, DeviceContext context, AtaDisk disk, long list) {
        this.port = port;
        this.context = context;
        this.dma = context.dma();
        this.disk = disk;
        this.list = list;
        execution = new CommandExecution(this, port, context, disk);
    }

    /** Returns an event that does something unless the engine has been stopped by then. */
    Runnable step(Runnable action) {
        return new Runnable() {
            @Override
            public void run() {
                if (stopped || failed || !port.present()) {
                    return;
                }
                if (context.function().busMaster()) {
                    action.run();
                } else {
                    context.schedule(RETRY_NANOS, this);
                }
            }
        };
    }

    /** Lets go of everything. */
    void stop() {
        stopped = true;
    }

    /** Returns whether it has been stopped. */
    boolean isStopped() {
        return stopped;
    }

    /** Ends the work of this engine with an error that only a new start gets over. */
    void fail() {
        failed = true;
    }

    /** Looks whether there is a command to fetch. */
    void look() {
        if (disk != null && !stopped && !failed && !fetching && !port.busy() && next() >= 0) {
            fetching = true;
            context.schedule(HEADER_NANOS, headerStep);
        }
    }

    /** Returns the slot to be fetched next, round and round; -1 if there is none. */
    private int next() {
        int issued = (int) port.get(PX_CI);
        for (int i = 1; i <= SLOTS && issued != 0; i++) {
            int candidate = slot + i & SLOTS - 1;
            if ((issued >>> candidate & 1) != 0) {
                return candidate;
            }
        }
        return -1;
    }

    private void header() {
        slot = next();
        boolean isQueued = (port.get(PX_SACT) >>> slot & 1) != 0;
        tokens[slot] = port.request(isQueued);
        port.issuing(slot);
        if (dma.read(list + (long) slot * HEADER_BYTES, header, 0, HEADER_BYTES)
                != CompletionStatus.SUCCESS) {
            fatal(HBFS.mask());
            return;
        }
        flags[slot] = (int) INT.get(header, 0);
        tables[slot] = (long) LONG.get(header, CTBA) & -TABLE_ALIGNMENT;
        context.schedule(TABLE_NANOS, tableStep);
    }

    private void table() {
        context.resume(tokens[slot]);
        int at = slot * FIS_BYTES;
        int bytes = Math.min(FIS_BYTES, 4 * (int) CFL.of(flags[slot]));
        Arrays.fill(fises, at, at + FIS_BYTES, (byte) 0);
        if (dma.read(tables[slot], fises, at, bytes) != CompletionStatus.SUCCESS) {
            fatal(HBFS.mask());
        } else if ((fises[at] & 0xff) != HOST_TO_DEVICE) {
            fatal(IFS.mask());
        } else if ((fises[at + 1] & FIS_COMMAND) == 0) {
            control(fises[at + CONTROL]);
        } else if (AtaDisk.isQueued(command(slot))) {
            context.schedule(ACCEPT_NANOS, acceptStep);
        } else {
            single();
        }
    }

    /** A command that is not queued while queued ones are is an error of the driver. */
    private void single() {
        fetching = false;
        if (queued > 0 || execution.isBusy()) {
            disk.abort();
            failed = true;
            port.receiveRegister(true);
            port.raise(TFES.mask() | DHRS.mask());
            return;
        }
        if (AtaDisk.isRequest(command(slot))) {
            tokens[slot] = port.request(true);
        }
        port.setBusy();
        if (execution.prefetch(slot)) {
            execution.begin(slot);
        } else {
            fatal(HBFS.mask());
        }
    }

    /** A FIS without a command: SRST set and then cleared resets the disk. */
    private void control(byte register) {
        boolean reset = (register & SOFT_RESET) != 0;
        fetching = false;
        port.done(slot);
        if (softReset && !reset) {
            port.softReset();
        }
        softReset = reset;
        look();
    }

    private void accept() {
        context.resume(tokens[slot]);
        disk.accepted();
        port.receiveRegister(false);
        port.done(slot);
        queue[(first + queued++) % SLOTS] = slot;
        fetching = false;
        look();
        beginQueued();
    }

    /** Has the disk begin with the next queued command if it is idle. */
    void beginQueued() {
        if (queued > 0 && !execution.isBusy()) {
            int next = queue[first];
            first = (first + 1) % SLOTS;
            queued--;
            execution.begin(next);
        }
    }

    private void fatal(long cause) {
        failed = true;
        port.fatal(cause);
    }

    // ---- what is held of a slot -----------------------------------------------------------------

    private int command(int of) {
        return fises[of * FIS_BYTES + 2] & 0xff;
    }

    /** Has the disk take the command that is held of a slot; false if it is aborted. */
    boolean taken(int of) {
        return disk.begin(fises, of * FIS_BYTES);
    }

    /** Returns whether the command that is held of a slot needs the medium. */
    boolean usesMedium(int of) {
        int command = command(of);
        return AtaDisk.isRequest(command) || command == AtaDisk.FLUSH_CACHE
                || command == AtaDisk.FLUSH_CACHE_EXT;
    }

    /** Returns the tag of the queued command that is held of a slot. */
    int tag(int of) {
        return (fises[of * FIS_BYTES + 12] & 0xff) >>> 3;
    }

    int token(int of) {
        return tokens[of];
    }

    long prdTable(int of) {
        return tables[of] + PRDT;
    }

    int prdEntries(int of) {
        return (int) PRDTL.of(flags[of]);
    }

    /** Returns where the count of bytes of a slot is to be written. */
    long byteCount(int of) {
        return list + (long) of * HEADER_BYTES + AhciLayout.PRDBC;
    }
}
