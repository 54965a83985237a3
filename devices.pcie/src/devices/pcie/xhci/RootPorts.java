// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciLayout.CCS;
import static devices.pcie.xhci.XhciLayout.CSC;
import static devices.pcie.xhci.XhciLayout.PCD;
import static devices.pcie.xhci.XhciLayout.PED;
import static devices.pcie.xhci.XhciLayout.PLS;
import static devices.pcie.xhci.XhciLayout.PORTSC;
import static devices.pcie.xhci.XhciLayout.PR;
import static devices.pcie.xhci.XhciLayout.PRC;
import static devices.pcie.xhci.XhciLayout.SPEED;
import static devices.pcie.xhci.XhciLayout.USBSTS;

import devices.pcie.link.Timer;
import devices.pcie.usb.AttachedDevice;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.DeviceContext;

/**
 * The ports of a controller, USB 3 all, with a device at port 1 or with none. A link trains by
 * itself, after power, a reset of the controller, and a reset of the port. One thread.
 *
 * <p>Source: xHCI 1.1, "Port Status and Control Register (PORTSC)", "USB3 Root Hub Port".
 */
final class RootPorts {

    /** From a reset to a link that is up; assumed. */
    private static final long TRAINING_NANOS = 10_000_000;
    private static final int SUPER_SPEED = 4;
    private static final int OFFSET_PORT = 24;

    private final HostController host;
    private final RegisterFile registers;
    private final AttachedDevice device;
    private final Timer training;
    private boolean resetting;
    private boolean untold;

    RootPorts(HostController host, RegisterFile registers, DeviceContext context,
            XhciOptions options) {
        this.host = host;
        this.registers = registers;
        device = options.attached() ? new AttachedDevice(context, AttachedDevice.Kind.SUPER_SPEED,
                options.mediumNanos(), options.reportNanos(), this::ready) : null;
        training = new Timer(context, this::trained);
        for (int i = 0; i < XhciLayout.PORTS; i++) {
            int index = i;
            registers.onWrite(PORTSC.get(i), (written, mask) -> written(index, written));
        }
        connect();
    }

    /** Returns the device at a port, from 1 on, that is connected and enabled; null if none is. */
    AttachedDevice at(int port) {
        return port == 1 && device != null && PED.isSet(registers.get(PORTSC.get(0)))
                ? device : null;
    }

    private void ready(int endpoint) {
        host.slots().ready(device, endpoint);
    }

    private void written(int index, long written) {
        if (PR.isSet(written) && index == 0 && device != null && !training.isSet()) {
            registers.set(PORTSC.get(0), PED, 0);
            device.reset();
            resetting = true;
            training.set(TRAINING_NANOS);
        }
    }

    void forget() {
        training.cancel();
        resetting = false;
        untold = false;
        if (device != null) {
            device.reset();
        }
    }

    /** Has links train. */
    void train() {
        if (device != null) {
            training.set(TRAINING_NANOS);
        }
    }

    private void trained() {
        connect();
        if (resetting) {
            resetting = false;
            registers.set(PORTSC.get(0), PRC, 1);
        }
        host.wake();
    }

    /** Has the link of the device be up. */
    void connect() {
        if (device == null) {
            return;
        }
        Register port = PORTSC.get(0);
        if (!CCS.isSet(registers.get(port))) {
            registers.set(port, CSC, 1);
        }
        registers.set(port, CCS, 1);
        registers.set(port, PED, 1);
        registers.set(port, PLS, 0);
        registers.set(port, SPEED, SUPER_SPEED);
        registers.set(USBSTS, PCD, 1);
        untold = true;
    }

    /** Tells of a change that nobody was told of yet. */
    void tell() {
        if (untold && host.works()) {
            untold = false;
            host.context().request(-1);
            host.event(1L << OFFSET_PORT, TrbLayout.CODE.with(0, TrbLayout.SUCCESS),
                    TrbLayout.TYPE.with(0, TrbLayout.PORT_EVENT));
        }
    }
}
