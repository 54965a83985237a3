// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.AttachedDevice.DISK_IN;
import static devices.pcie.xhci.AttachedDevice.DISK_OUT;
import static devices.pcie.xhci.AttachedDevice.KEYS_IN;
import static devices.pcie.xhci.TrbLayout.CHAIN;
import static devices.pcie.xhci.TrbLayout.IOC;
import static devices.pcie.xhci.TrbLayout.NORMAL;
import static devices.pcie.xhci.TrbLayout.SLOT;
import static devices.pcie.xhci.TrbLayout.SUCCESS;
import static devices.pcie.xhci.TrbLayout.TYPE;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;

/**
 * What a running kernel has a controller do: one command of the disk after the other, and a request
 * for the keyboard's next report all the time. The three stages of a command are posted one when
 * the other is done, so that at a crash one of them is under way. One thread.
 *
 * <p>Source: Linux, transport.c: usb_stor_Bulk_transport; usbhid's hid_irq_in.
 */
final class UsbWorkload {

    private static final long POLL_NANOS = 10_000;
    private static final int STAGES = 3;
    private static final int BUFFERS = 4;
    private static final int PAGE = 4096;
    private static final int SECTORS_APART = BUFFERS * PAGE / Medium.SECTOR_BYTES;
    private static final int TO_HOST = 0x80;
    private static final int CDB_BYTES = 10;
    private static final int ENDPOINTS = 5;

    private enum State { IDLE, ENABLING, ADDRESSING, CONFIGURING, COMMAND, MOVING, STATUS }

    private final DriverPort port;
    private final HostAccess access;
    private final Workload work;
    private final RandomStream choices;
    private final HostRings rings;
    private final List<DmaBuffer> buffers = new ArrayList<>();
    private final int bytes;
    private State state = State.IDLE;
    private int slot;
    private boolean toDisk;
    private boolean pooled;
    private long commands;
    private long outward;

    UsbWorkload(DriverPort port, HostAccess access, Workload work, long seed) {
        this.port = port;
        this.access = access;
        this.work = work;
        choices = new RandomStream(seed, "xhci-driver");
        rings = new HostRings(port, work.rings().get(0));
        bytes = Math.max(1, work.bytes() / Medium.SECTOR_BYTES) * Medium.SECTOR_BYTES;
    }

    /** Starts the controller, whose device is there already. */
    void start() {
        access.own();
        access.program(rings);
        access.run();
        state = State.ENABLING;
        command(0, TYPE.with(0, TrbLayout.ENABLE_SLOT));
    }

    private void command(long parameter, long control) {
        rings.post(HostRings.COMMANDS, parameter, 0, control);
        access.doorbell(0, 0);
    }

    /** Attends to events; returns when it wants to be called again. */
    long service() {
        while (state != State.IDLE && rings.takeEvent()) {
            if (rings.type() == TrbLayout.COMMAND_EVENT) {
                configure();
            } else if (rings.type() == TrbLayout.TRANSFER_EVENT) {
                transferred();
            }
        }
        access.handled(rings);
        return switch (state) {
            case IDLE -> 0;
            case ENABLING, ADDRESSING, CONFIGURING -> POLL_NANOS;
            default -> Math.max(POLL_NANOS, (long) (1e9 / STAGES / work.requestsPerSecond()));
        };
    }

    private void configure() {
        if (rings.code() != SUCCESS) {
            state = State.IDLE;
            return;
        }
        switch (state) {
            case ENABLING -> {
                slot = rings.slot();
                rings.addressDevice(slot, 1);
                command(rings.at(HostRings.INPUT_AT),
                        TYPE.with(0, TrbLayout.ADDRESS_DEVICE) | SLOT.with(0, slot));
                state = State.ADDRESSING;
            }
            case ADDRESSING -> {
                rings.configureEndpoints();
                command(rings.at(HostRings.INPUT_AT),
                        TYPE.with(0, TrbLayout.CONFIGURE_ENDPOINT) | SLOT.with(0, slot));
                state = State.CONFIGURING;
            }
            default -> {
                awaitReport();
                begin();
            }
        }
    }

    private void transfer(int endpoint, long address, int length, boolean more) {
        rings.post(endpoint, address, length, TYPE.with(0, NORMAL)
                | (more ? CHAIN.mask() : IOC.mask()));
    }

    private void awaitReport() {
        transfer(KEYS_IN, rings.at(HostRings.REPORT_AT), AttachedDevice.REPORT_BYTES, false);
        access.doorbell(slot, KEYS_IN);
    }

    private void transferred() {
        if (rings.endpoint() == KEYS_IN) {
            awaitReport();
        } else if (rings.code() != SUCCESS) {
            state = State.IDLE;
        } else if (state == State.COMMAND) {
            move();
        } else if (state == State.MOVING) {
            transfer(DISK_IN, rings.at(HostRings.STATUS_AT), BulkOnlyDisk.STATUS_BYTES, false);
            access.doorbell(slot, DISK_IN);
            state = State.STATUS;
        } else {
            release();
            begin();
        }
    }

    /** Posts the next command. */
    private void begin() {
        toDisk = choices.nextInt(1000) < work.readsPerMille();
        chooseBuffers();
        byte[] block = new byte[BulkOnlyDisk.COMMAND_BYTES];
        int length = buffers.size() * bytes;
        TrbRing.putDword(block, 0, BulkOnlyDisk.COMMAND_SIGNATURE);
        TrbRing.putDword(block, 4, commands);
        TrbRing.putDword(block, 8, length);
        block[12] = (byte) (toDisk ? 0 : TO_HOST);
        block[14] = CDB_BYTES;
        block[15] = (byte) (toDisk ? BulkOnlyDisk.WRITE : BulkOnlyDisk.READ);
        long sector = commands++ * SECTORS_APART;
        for (int i = 0; i < 4; i++) {
            block[17 + i] = (byte) (sector >>> 24 - 8 * i);
        }
        block[23] = (byte) (length / Medium.SECTOR_BYTES);
        rings.write(HostRings.COMMAND_AT, block);
        transfer(DISK_OUT, rings.at(HostRings.COMMAND_AT), block.length, false);
        access.doorbell(slot, DISK_OUT);
        outward++;
        state = State.COMMAND;
    }

    private void chooseBuffers() {
        List<DmaBuffer> own = toDisk ? work.readable() : work.writeOnly();
        List<DmaBuffer> mapped = own.isEmpty() ? work.writable() : own;
        buffers.clear();
        for (int i = 0; i < BUFFERS; i++) {
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
            transfer(endpoint, buffers.get(i).iova(), bytes, i < buffers.size() - 1);
        }
        if (toDisk) {
            port.posted((long) (slot << ENDPOINTS | DISK_OUT) << Integer.SIZE | outward++,
                    Medium.BLOCKS);
        }
        access.doorbell(slot, endpoint);
        state = State.MOVING;
    }
}
