// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.ALWAYS_ONE;
import static devices.pcie.uhci.UhciLayout.CONNECTED;
import static devices.pcie.uhci.UhciLayout.CONNECT_CHANGE;
import static devices.pcie.uhci.UhciLayout.D_MINUS;
import static devices.pcie.uhci.UhciLayout.ENABLED;
import static devices.pcie.uhci.UhciLayout.ENABLE_CHANGE;
import static devices.pcie.uhci.UhciLayout.LOW_SPEED;
import static devices.pcie.uhci.UhciLayout.NO_PORT;
import static devices.pcie.uhci.UhciLayout.PORTS;
import static devices.pcie.uhci.UhciLayout.PORTSC1;
import static devices.pcie.uhci.UhciLayout.PORT_RESET;
import static devices.pcie.uhci.UhciLayout.RESUME;
import static devices.pcie.uhci.UhciLayout.SUSPEND;

import devices.pcie.usb.AttachedDevice;
import iommu.api.pcie.DeviceContext;

/**
 * The two ports, with a keyboard at the first or with none. One thread.
 *
 * <p>Source: UHCI Design Guide 1.1, "Port Status and Control Register".
 */
final class RootPorts {

    private static final int WRITABLE =
            (int) (ENABLED.mask() | RESUME.mask() | PORT_RESET.mask() | SUSPEND.mask());
    private static final int CHANGES = (int) (CONNECT_CHANGE.mask() | ENABLE_CHANGE.mask());

    private final AttachedDevice keyboard;
    private final int[] held = new int[PORTS];

    RootPorts(DeviceContext context, UhciOptions options) {
        keyboard = options.attached() ? new AttachedDevice(context,
                AttachedDevice.Kind.LOW_SPEED_KEYBOARD, 0, options.reportNanos(), endpoint -> { })
                : null;
        reset();
        if (keyboard != null) {
            held[0] = held[0] & ~CHANGES | (int) ENABLED.mask();
            keyboard.address(1);
        }
    }

    /** All ports are as if what is there had just been plugged in. */
    void reset() {
        for (int i = 0; i < PORTS; i++) {
            held[i] = (int) ALWAYS_ONE.mask();
        }
        if (keyboard != null) {
            keyboard.reset();
            held[0] |= (int) (CONNECTED.mask() | CONNECT_CHANGE.mask() | LOW_SPEED.mask()
                    | D_MINUS.mask());
        }
    }

    int read(int word) {
        int index = (word - PORTSC1) / 2;
        return index < PORTS ? held[index] : NO_PORT;
    }

    void write(int word, int value, int mask) {
        int index = (word - PORTSC1) / 2;
        if (index < 0 || index >= PORTS || word < PORTSC1) {
            return;
        }
        int before = held[index];
        int takes = WRITABLE & mask;
        int after = (before & ~takes | value & takes) & ~(value & mask & CHANGES);
        if (PORT_RESET.isSet(after) || !CONNECTED.isSet(after)) {
            after &= (int) ~ENABLED.mask();
        }
        if (PORT_RESET.isSet(after) && !PORT_RESET.isSet(before) && CONNECTED.isSet(after)) {
            keyboard.reset();
        }
        held[index] = after;
    }

    /** Returns the device that answers to an address; null if none does. */
    AttachedDevice at(int address) {
        return keyboard != null && ENABLED.isSet(held[0]) && !SUSPEND.isSet(held[0])
                && keyboard.address() == address ? keyboard : null;
    }
}
