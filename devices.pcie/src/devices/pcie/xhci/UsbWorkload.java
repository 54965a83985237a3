// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.usb.AttachedDevice.DISK_OUT;
import static devices.pcie.usb.AttachedDevice.KEYS_IN;
import static devices.pcie.xhci.TrbLayout.CHAIN;
import static devices.pcie.xhci.TrbLayout.IOC;
import static devices.pcie.xhci.TrbLayout.NORMAL;
import static devices.pcie.xhci.TrbLayout.SLOT;
import static devices.pcie.xhci.TrbLayout.SUCCESS;
import static devices.pcie.xhci.TrbLayout.TYPE;

import devices.pcie.usb.AttachedDevice;
import devices.pcie.usb.BulkOnlyTransport;
import devices.pcie.usb.Pipes;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;

/**
 * What a running kernel has a controller do: one command of the disk after the other, and a request
 * for the keyboard's next report all the time. One thread.
 *
 * <p>Source: Linux, usbhid's hid_irq_in.
 */
final class UsbWorkload implements Pipes {

    private static final long POLL_NANOS = 10_000;
    private static final int BUFFERS = 4;
    private static final int ENDPOINTS = 5;

    private enum State { IDLE, ENABLING, ADDRESSING, CONFIGURING, WORKING }

    private final HostAccess access;
    private final Workload work;
    private final HostRings rings;
    private final BulkOnlyTransport disk;
    private State state = State.IDLE;
    private int slot;

    UsbWorkload(DriverPort port, HostAccess access, Workload work, long seed) {
        this.access = access;
        this.work = work;
        rings = new HostRings(port, work.rings().get(0));
        disk = new BulkOnlyTransport(port, this, work, new RandomStream(seed, "xhci-driver"),
                buffer -> true, BUFFERS);
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
            default -> Math.max(POLL_NANOS,
                    (long) (1e9 / BulkOnlyTransport.STAGES / work.requestsPerSecond()));
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
                state = State.WORKING;
                awaitReport();
                disk.begin();
            }
        }
    }

    private void awaitReport() {
        post(KEYS_IN, rings.at(HostRings.REPORT_AT), AttachedDevice.REPORT_BYTES, false);
        start(KEYS_IN);
    }

    private void transferred() {
        if (rings.endpoint() == KEYS_IN) {
            awaitReport();
            return;
        }
        disk.transferred(rings.code() == SUCCESS);
        if (disk.hasEnded()) {
            state = State.IDLE;
        }
    }

    // ---- for the disk ---------------------------------------------------------------------------

    @Override
    public void post(int endpoint, long address, int length, boolean more) {
        rings.post(endpoint, address, length, TYPE.with(0, NORMAL)
                | (more ? CHAIN.mask() : IOC.mask()));
    }

    @Override
    public void start(int endpoint) {
        access.doorbell(slot, endpoint);
    }

    @Override
    public void command(byte[] block) {
        rings.write(HostRings.COMMAND_AT, block);
    }

    @Override
    public long commandAt() {
        return rings.at(HostRings.COMMAND_AT);
    }

    @Override
    public long statusAt() {
        return rings.at(HostRings.STATUS_AT);
    }

    @Override
    public long number(long transfer) {
        return (long) (slot << ENDPOINTS | DISK_OUT) << Integer.SIZE | transfer;
    }
}
