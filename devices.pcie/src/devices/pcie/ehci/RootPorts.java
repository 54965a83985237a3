// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciLayout.CONFIGFLAG;
import static devices.pcie.ehci.EhciLayout.CONFIGURED;
import static devices.pcie.ehci.EhciLayout.CONNECTED;
import static devices.pcie.ehci.EhciLayout.CONNECT_CHANGE;
import static devices.pcie.ehci.EhciLayout.ENABLED;
import static devices.pcie.ehci.EhciLayout.OWNER;
import static devices.pcie.ehci.EhciLayout.PORTS;
import static devices.pcie.ehci.EhciLayout.PORTSC;
import static devices.pcie.ehci.EhciLayout.PORTS_OF_COMPANION;
import static devices.pcie.ehci.EhciLayout.PORT_CHANGE;
import static devices.pcie.ehci.EhciLayout.PORT_RESET;
import static devices.pcie.ehci.EhciLayout.SUSPEND;
import static devices.pcie.ehci.EhciLayout.USBSTS;

import devices.pcie.usb.AttachedDevice;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.DeviceContext;

/**
 * The ports, with a device at the first or with none. A port that has a companion controller is
 * that one's as long as this one is not configured, or as software hands it over: nothing is seen
 * of what is plugged in there then. One thread.
 *
 * <p>Source: EHCI 1.0, "PORTSC: Port Status and Control Register", "Port Routing and Control".
 */
final class RootPorts {

    private final HostController host;
    private final RegisterFile registers;
    private final AttachedDevice device;
    private final int withCompanion;
    private boolean configured;
    private boolean resetting;

    RootPorts(HostController host, RegisterFile registers, DeviceContext context,
            EhciOptions options) {
        this.host = host;
        this.registers = registers;
        withCompanion = options.companions() * PORTS_OF_COMPANION;
        device = options.attached() ? new AttachedDevice(context, AttachedDevice.Kind.HIGH_SPEED,
                options.mediumNanos(), options.reportNanos(), endpoint -> { }) : null;
        for (int i = 0; i < PORTS; i++) {
            int index = i;
            registers.onWrite(PORTSC.get(i), (written, mask) -> written(index, written, mask));
        }
        registers.onWrite(CONFIGFLAG, (written, mask) -> route());
    }

    /** Has the device be set up, at address 1, as somebody has used it. */
    void inUse() {
        registers.set(CONFIGFLAG, CONFIGURED, 1);
        configured = true;
        if (device != null) {
            device.address(1);
            registers.set(PORTSC.get(0), CONNECTED, 1);
            registers.set(PORTSC.get(0), ENABLED, 1);
        }
    }

    /** Follows a reset of the controller: ports are their companions', or as if just plugged in. */
    void reset() {
        configured = false;
        if (device != null) {
            device.reset();
        }
        for (int i = 0; i < PORTS; i++) {
            own(i, i < withCompanion);
        }
    }

    /** All ports are this controller's once it is configured, and none while it is not. */
    private void route() {
        boolean before = configured;
        configured = CONFIGURED.isSet(registers.get(CONFIGFLAG));
        for (int i = 0; i < withCompanion && configured != before; i++) {
            own(i, !configured);
        }
    }

    private void own(int index, boolean companion) {
        Register port = PORTSC.get(index);
        boolean seen = index == 0 && device != null && !companion;
        registers.set(port, OWNER, companion ? 1 : 0);
        if (seen != CONNECTED.isSet(registers.get(port))) {
            registers.set(port, CONNECT_CHANGE, 1);
            registers.set(USBSTS, PORT_CHANGE, 1);
            host.level();
        }
        registers.set(port, CONNECTED, seen ? 1 : 0);
        registers.set(port, ENABLED, 0);
        resetting &= index != 0;
    }

    private void written(int index, long written, long mask) {
        Register port = PORTSC.get(index);
        if (OWNER.isSet(mask) && index < withCompanion && configured
                && OWNER.isSet(written) != OWNER.isSet(registers.get(port))) {
            own(index, OWNER.isSet(written));
        }
        if (ENABLED.isSet(mask) && !ENABLED.isSet(written)) {
            registers.set(port, ENABLED, 0);
        }
        if (!PORT_RESET.isSet(mask) || !CONNECTED.isSet(registers.get(port))) {
            return;
        }
        if (PORT_RESET.isSet(written)) {
            registers.set(port, ENABLED, 0);
            device.reset();
            resetting = true;
        } else if (resetting) {
            registers.set(port, ENABLED, 1);
            resetting = false;
        }
    }

    /** Returns the device that answers to an address; null if none does. */
    AttachedDevice at(int address) {
        long port = registers.get(PORTSC.get(0));
        return device != null && ENABLED.isSet(port) && !SUSPEND.isSet(port)
                && device.address() == address ? device : null;
    }
}
