// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciLayout.CONNECTED;
import static devices.pcie.ehci.EhciLayout.ENABLED;
import static devices.pcie.ehci.EhciLayout.HOST_SYSTEM_ERROR;
import static devices.pcie.ehci.EhciLayout.PORTSC;
import static devices.pcie.ehci.EhciLayout.PORT_RESET;
import static devices.pcie.ehci.EhciLayout.USBSTS;
import static devices.pcie.ehci.HostQueues.CONTROL;

import devices.pcie.link.DeviceOptions;
import devices.pcie.usb.AttachedDevice;
import devices.pcie.usb.ControllerDriver;
import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;

/**
 * How a kernel takes a controller over: enabled, bus master, halted, reset, new schedules,
 * interrupts, started; then the hub's worker enumerates the device at a port. Nothing is looked at
 * before an interrupt has come, unless the function has none at all. Only the keyboard's periodic
 * transfer goes on then. One thread.
 *
 * <p>Source: Linux, hcd-pci.c: usb_hcd_pci_probe; ehci-hcd.c: ehci_setup, ehci_run, ehci_irq;
 * ehci-q.c: disable_async, some milliseconds after the last transfer; hub.c: hub_port_init, 5 s a
 * control transfer.
 */
final class HostProbe implements ControllerDriver.Probe {

    private static final long MILLI = 1_000_000;
    private static final long CONTROL_NANOS = 5_000 * MILLI;
    private static final long DEBOUNCE_NANOS = 100 * MILLI;
    private static final long PORT_RESET_NANOS = 50 * MILLI;
    /** Ids read, registers mapped, capabilities read; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 3 * MILLI;
    private static final int PAGE = 4096;
    private static final int SETUP_BYTES = 8;
    private static final long GET_DEVICE_DESCRIPTOR = 0x0012_0000_0100_0680L;
    private static final long SET_ADDRESS = 0x0001_0500L;
    private static final long SET_CONFIGURATION = 0x0001_0900L;

    private final DriverPort port;
    private final HostAccess access;
    private HostQueues queues;
    private boolean interrupts;
    private boolean hasDied;

    HostProbe(DriverPort port, HostAccess access) {
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
        DmaBuffer frames = port.map(port.allocatePage(), PAGE, Access.READ | Access.WRITE);
        DmaBuffer page = port.map(port.allocatePage(), PAGE, Access.READ | Access.WRITE);
        queues = new HostQueues(port, frames, page);
        queues.address(0);
        interrupts = port.enableInterrupts(1) > 0;
        access.start(queues.frameList(), queues.queues());
        port.sleep(DEBOUNCE_NANOS);
        String died = died();
        access.handled();
        for (int i = 0; i < EhciLayout.PORTS && died == null; i++) {
            if (CONNECTED.isSet(access.read(PORTSC.get(i)))) {
                String failure = enumerate(PORTSC.get(i));
                access.endAsynchronous();
                return failure;
            }
        }
        return died;
    }

    private String enumerate(Register portsc) {
        access.write(portsc, PORT_RESET.mask() | EhciLayout.CONNECT_CHANGE.mask());
        port.sleep(PORT_RESET_NANOS);
        access.write(portsc, 0);
        if (!ENABLED.isSet(access.read(portsc))) {
            return "Cannot enable. Maybe the USB cable is bad?";
        }
        if (interrupts) {
            port.waitForInterrupt(0, MILLI);
            access.handled();
        }
        String failure = control(SET_ADDRESS, 0);
        queues.address(1);
        failure = failure != null ? failure
                : control(GET_DEVICE_DESCRIPTOR, AttachedDevice.DEVICE_BYTES);
        if (failure == null && queues.firstByte() != AttachedDevice.DEVICE_BYTES) {
            return "device descriptor read/all, error -71";
        }
        failure = failure != null ? failure : control(SET_CONFIGURATION, 0);
        if (failure == null) {
            queues.post(AttachedDevice.KEYS_IN, QueueLayout.IN, queues.at(HostQueues.REPORT_AT),
                    AttachedDevice.REPORT_BYTES, true, false);
        }
        return failure;
    }

    /** Has a control transfer done; returns null, or what it ended with. */
    private String control(long packet, int bytes) {
        queues.setup(packet);
        queues.post(CONTROL, QueueLayout.SETUP, queues.at(HostQueues.SETUP_AT), SETUP_BYTES, false,
                false);
        if (bytes > 0) {
            queues.post(CONTROL, QueueLayout.IN, queues.at(HostQueues.BUFFER_AT), bytes, false,
                    true);
        }
        queues.post(CONTROL, bytes > 0 ? QueueLayout.OUT : QueueLayout.IN,
                queues.at(HostQueues.BUFFER_AT), 0, true, true);
        boolean told = await();
        String died = died();
        if (died != null) {
            return died;
        }
        return told && !queues.hasHalted(CONTROL) ? null : "device not accepting address 1, error "
                + (queues.hasHalted(CONTROL) ? "-71" : "-110");
    }

    /** Waits for the end of what was posted, which interrupts tell of. */
    private boolean await() {
        if (!interrupts) {
            return port.waitForMemory(queues.lastAt(CONTROL), QueueLayout.ACTIVE.mask(), 0,
                    CONTROL_NANOS);
        }
        long end = port.nanos() + CONTROL_NANOS;
        for (long left = CONTROL_NANOS; left > 0 && port.waitForInterrupt(0, left);
                left = end - port.nanos()) {
            boolean dead = HOST_SYSTEM_ERROR.isSet(access.read(USBSTS));
            access.handled();
            if (dead) {
                hasDied = true;
                return false;
            }
            if (queues.hasEnded(CONTROL)) {
                return true;
            }
        }
        return false;
    }

    /** Returns what the interrupt handler says of a controller that is dead; null if it lives. */
    private String died() {
        hasDied |= HOST_SYSTEM_ERROR.isSet(access.read(USBSTS));
        if (hasDied) {
            access.halt();
        }
        return hasDied ? "fatal error, HC died; cleaning up" : null;
    }

    @Override
    public String shutdown() {
        if (queues != null) {
            access.shutDown();
        }
        return null;
    }
}
