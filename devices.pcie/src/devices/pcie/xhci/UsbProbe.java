// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.SLOT;
import static devices.pcie.xhci.TrbLayout.SUCCESS;
import static devices.pcie.xhci.TrbLayout.TYPE;
import static devices.pcie.xhci.XhciLayout.CCS;
import static devices.pcie.xhci.XhciLayout.COMMAND_ABORT;
import static devices.pcie.xhci.XhciLayout.CRCR;
import static devices.pcie.xhci.XhciLayout.CRR;
import static devices.pcie.xhci.XhciLayout.HSE;
import static devices.pcie.xhci.XhciLayout.PORTSC;
import static devices.pcie.xhci.XhciLayout.PP;
import static devices.pcie.xhci.XhciLayout.PR;
import static devices.pcie.xhci.XhciLayout.USBSTS;

import devices.pcie.link.DeviceOptions;
import devices.pcie.usb.AttachedDevice;
import devices.pcie.usb.ControllerDriver;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;

/**
 * How a kernel takes a controller over: enabled, bus master, halted, reset, rings, interrupts,
 * started; then the hub's worker enumerates the device at a port. Nothing is looked at before an
 * interrupt has come, unless the function has none at all, as where no capture tells: it is polled
 * then, which Linux does not. From 3.16 on a command that times out while the controller has halted
 * is turned into another and waited for again, for ever, under the lock that shutting the hub down
 * takes. One thread.
 *
 * <p>Source: Linux, hcd-pci.c: usb_hcd_pci_probe; xhci.c: xhci_gen_setup, xhci_run, xhci_alloc_dev,
 * xhci_setup_device; xhci-ring.c: xhci_handle_command_timeout (c311e391a7ef), 5 s a command; hub.c:
 * hub_port_init. D. Nunes, "usb: xhci: bound wait command completion to avoid kdump deadlock",
 * 2026; recording kdamd7_capoff, where that worker is "blocked for more than 120 seconds".
 */
final class UsbProbe implements ControllerDriver.Probe {

    private static final long MILLI = 1_000_000;
    private static final long COMMAND_NANOS = 5_000 * MILLI;
    private static final long DEBOUNCE_NANOS = 100 * MILLI;
    private static final long PORT_RESET_NANOS = 50 * MILLI;
    /** Ids read, registers mapped, capabilities read; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 3 * MILLI;
    private static final long SETUP_BYTES = 8;
    private static final long GET_DEVICE_DESCRIPTOR = 0x0012_0000_0100_0680L;
    private static final long SET_CONFIGURATION = 0x0001_0900L;
    private static final long TRANSFER_IN = 3L << 16;

    private final DriverPort port;
    private final HostAccess access;
    private HostRings rings;
    private boolean interrupts;
    private boolean setUp;
    private boolean waitsForEver;

    UsbProbe(DriverPort port, HostAccess access) {
        this.port = port;
        this.access = access;
    }

    @Override
    public String probe() {
        access.enable(true);
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
        if (!access.halt() || !access.reset()) {
            return "can't setup: -110";
        }
        long page = port.allocatePage();
        DmaBuffer mapped = port.map(page, HostRings.PAGE, Access.READ | Access.WRITE);
        rings = new HostRings(port, mapped);
        interrupts = port.enableInterrupts(1) > 0;
        access.program(rings);
        setUp = true;
        if (!access.start()) {
            return "startup error -110";
        }
        port.sleep(DEBOUNCE_NANOS);
        for (int i = 0; i < XhciLayout.PORTS; i++) {
            if (CCS.isSet(access.read(PORTSC.get(i)))) {
                return enumerate(i);
            }
        }
        return null;
    }

    private String enumerate(int index) {
        access.write(PORTSC.get(index), PP.mask() | PR.mask());
        port.sleep(PORT_RESET_NANOS);
        String failure = command(0, TYPE.with(0, TrbLayout.ENABLE_SLOT));
        if (failure != null) {
            return failure;
        }
        int slot = rings.slot();
        rings.addressDevice(slot, index + 1);
        failure = command(rings.at(HostRings.INPUT_AT),
                TYPE.with(0, TrbLayout.ADDRESS_DEVICE) | SLOT.with(0, slot));
        failure = failure != null ? failure : descriptor(slot);
        if (failure == null) {
            rings.configureEndpoints();
            failure = command(rings.at(HostRings.INPUT_AT),
                    TYPE.with(0, TrbLayout.CONFIGURE_ENDPOINT) | SLOT.with(0, slot));
        }
        return failure != null ? failure : control(slot, SET_CONFIGURATION, 0);
    }

    private String descriptor(int slot) {
        String failure = control(slot, GET_DEVICE_DESCRIPTOR, AttachedDevice.DEVICE_BYTES);
        byte[] read = rings.read(HostRings.BUFFER_AT, AttachedDevice.DEVICE_BYTES);
        return failure != null ? failure
                : read[0] != AttachedDevice.DEVICE_BYTES ? "device descriptor read/all, error -71"
                : null;
    }

    /** Has a control transfer done; returns null, or what it ended with. */
    private String control(int slot, long packet, int bytes) {
        rings.post(1, packet, SETUP_BYTES, TYPE.with(0, TrbLayout.SETUP)
                | TrbLayout.IMMEDIATE.mask() | (bytes > 0 ? TRANSFER_IN : 0));
        if (bytes > 0) {
            rings.post(1, rings.at(HostRings.BUFFER_AT), bytes, TYPE.with(0, TrbLayout.DATA)
                    | TrbLayout.IN.mask());
        }
        rings.post(1, 0, 0, TYPE.with(0, TrbLayout.STATUS_STAGE) | TrbLayout.IOC.mask());
        access.doorbell(slot, 1);
        if (!await(TrbLayout.TRANSFER_EVENT)) {
            return "device descriptor read/8, error -110" + halted();
        }
        return rings.code() == SUCCESS ? null : "device not accepting address 2, error -71";
    }

    /** Has a command done; returns null, or why it is not. */
    private String command(long parameter, long control) {
        rings.post(HostRings.COMMANDS, parameter, 0, control);
        access.doorbell(0, 0);
        if (await(TrbLayout.COMMAND_EVENT)) {
            return rings.code() == SUCCESS ? null : "command ended with code " + rings.code();
        }
        String halted = halted();
        if (CRR.isSet(access.read(CRCR))) {
            access.write(CRCR, COMMAND_ABORT.mask());
            if (!access.wait(CRCR, CRR.mask(), 0, COMMAND_NANOS, MILLI)) {
                return "Abort failed to stop command ring: -110";
            }
        } else {
            waitsForEver = port.isFrom(3, 16);
        }
        return "Timeout while waiting for setup device command" + halted;
    }

    private String halted() {
        return HSE.isSet(access.read(USBSTS)) ? ", controller halted over a host system error" : "";
    }

    /**
     * Waits for an event of a type, which interrupts tell of; those that tell of nothing, as where
     * events went astray, take none of its time.
     */
    private boolean await(int type) {
        long end = port.nanos() + COMMAND_NANOS;
        while (isTold(end - port.nanos())) {
            boolean found = false;
            while (!found && rings.takeEvent()) {
                found = rings.type() == type;
            }
            access.handled(rings);
            if (found) {
                return true;
            }
        }
        return false;
    }

    private boolean isTold(long timeout) {
        return timeout > 0
                && (interrupts ? port.waitForInterrupt(0, timeout) : hasEvent(timeout));
    }

    private boolean hasEvent(long timeout) {
        long cycle = 1L << Integer.SIZE;
        return port.waitForMemory(rings.nextEventAt(), cycle, rings.eventCycle() ? cycle : 0,
                timeout);
    }

    @Override
    public String shutdown() {
        if (waitsForEver && !hasEvent(DriverPort.WITHOUT_BOUND_NANOS)) {
            return "a worker holds the hub's lock and waits for a command of the controller,"
                    + " which has halted over a host system error";
        }
        if (setUp) {
            access.halt();
            access.disable();
        }
        return null;
    }
}
