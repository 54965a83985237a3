// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.CONNECTED;
import static devices.pcie.uhci.UhciLayout.ENABLED;
import static devices.pcie.uhci.UhciLayout.EVENTS;
import static devices.pcie.uhci.UhciLayout.HALTED;
import static devices.pcie.uhci.UhciLayout.HOST_SYSTEM_ERROR;
import static devices.pcie.uhci.UhciLayout.PORTSC1;
import static devices.pcie.uhci.UhciLayout.PORT_RESET;
import static devices.pcie.uhci.UhciLayout.PROCESS_ERROR;
import static devices.pcie.uhci.UhciLayout.USBCMD;
import static devices.pcie.uhci.UhciLayout.USBSTS;

import devices.pcie.link.DeviceOptions;
import devices.pcie.usb.AttachedDevice;
import devices.pcie.usb.ControllerDriver;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;

/**
 * How a kernel takes a controller over: enabled, bus master, reset, a new schedule, interrupts,
 * started; then the hub's worker enumerates the device at a port. Nothing is looked at before an
 * interrupt has come, unless the function has none at all. One thread.
 *
 * <p>Source: Linux, hcd-pci.c: usb_hcd_pci_probe; uhci-hcd.c: uhci_start, uhci_irq, uhci_hc_died;
 * hub.c: hub_port_init, 5 s a control transfer.
 */
final class HostProbe implements ControllerDriver.Probe {

    private static final long MILLI = 1_000_000;
    private static final long CONTROL_NANOS = 5_000 * MILLI;
    private static final long DEBOUNCE_NANOS = 100 * MILLI;
    private static final long PORT_RESET_NANOS = 50 * MILLI;
    /** Ids read, I/O region taken; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 3 * MILLI;
    private static final int PAGE = 4096;
    private static final long GET_DEVICE_DESCRIPTOR = 0x0012_0000_0100_0680L;
    private static final long SET_ADDRESS = 0x0001_0500L;
    private static final long SET_CONFIGURATION = 0x0001_0900L;

    private final DriverPort port;
    private final HostAccess access;
    private HostSchedule schedule;
    private boolean interrupts;

    HostProbe(DriverPort port, HostAccess access) {
        this.port = port;
        this.access = access;
    }

    @Override
    public String probe() {
        access.enable(true);
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
        if (access.read(USBCMD) == 0xffff) {
            return "init error -19";
        }
        access.checkAndReset();
        DmaBuffer frames = port.map(port.allocatePage(), PAGE, Access.READ | Access.WRITE);
        DmaBuffer page = port.map(port.allocatePage(), PAGE, Access.READ | Access.WRITE);
        schedule = new HostSchedule(port, frames, page);
        interrupts = port.enableInterrupts(1) > 0;
        access.start(frames.iova());
        port.sleep(DEBOUNCE_NANOS);
        for (int i = 0; i < UhciLayout.PORTS; i++) {
            if (CONNECTED.isSet(access.read(PORTSC1 + 2 * i))) {
                return enumerate(PORTSC1 + 2 * i);
            }
        }
        return died();
    }

    private String enumerate(int portsc) {
        access.write(portsc, PORT_RESET.mask());
        port.sleep(PORT_RESET_NANOS);
        access.write(portsc, UhciLayout.CONNECT_CHANGE.mask() | UhciLayout.ENABLE_CHANGE.mask());
        access.write(portsc, ENABLED.mask());
        if (!ENABLED.isSet(access.read(portsc))) {
            return "Cannot enable. Maybe the USB cable is bad?";
        }
        String failure = control(0, SET_ADDRESS, 0);
        failure = failure != null ? failure
                : control(1, GET_DEVICE_DESCRIPTOR, AttachedDevice.DEVICE_BYTES);
        if (failure == null && schedule.firstByte() != AttachedDevice.DEVICE_BYTES) {
            return "device descriptor read/all, error -71";
        }
        failure = failure != null ? failure : control(1, SET_CONFIGURATION, 0);
        if (failure == null) {
            schedule.awaitReport();
        }
        return failure;
    }

    /** Has a control transfer done; returns null, or what it ended with. */
    private String control(int address, long packet, int bytes) {
        schedule.control(address, packet, bytes);
        boolean told = interrupts ? port.waitForInterrupt(0, CONTROL_NANOS)
                : port.waitForMemory(schedule.lastAt(), UhciLayout.ACTIVE.mask() << Integer.SIZE, 0,
                        CONTROL_NANOS);
        String died = died();
        if (died != null) {
            return died;
        }
        access.write(USBSTS, access.read(USBSTS) & EVENTS.mask() & ~HALTED.mask());
        if (told && schedule.isDone()) {
            return null;
        }
        boolean stalled = schedule.hasStalled();
        schedule.cancel();
        return "device not accepting address 1, error " + (stalled ? "-71" : "-110");
    }

    /** Returns what the interrupt handler says of a controller that is dead; null if it lives. */
    private String died() {
        int status = access.read(USBSTS);
        if (!HALTED.isSet(status)) {
            return null;
        }
        access.reset();
        return (HOST_SYSTEM_ERROR.isSet(status) ? "host system error, PCI problems? "
                : PROCESS_ERROR.isSet(status) ? "host controller process error, something bad"
                        + " happened! " : "") + "host controller halted, very bad!";
    }

    @Override
    public String shutdown() {
        if (schedule != null) {
            access.reset();
            access.disable();
        }
        return null;
    }
}
