// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.BAR;
import static devices.pcie.uhci.UhciLayout.CONFIGURE;
import static devices.pcie.uhci.UhciLayout.EGSM;
import static devices.pcie.uhci.UhciLayout.FLBASEADD;
import static devices.pcie.uhci.UhciLayout.FRNUM;
import static devices.pcie.uhci.UhciLayout.HCRESET;
import static devices.pcie.uhci.UhciLayout.LEGSUP;
import static devices.pcie.uhci.UhciLayout.MAX_PACKET_64;
import static devices.pcie.uhci.UhciLayout.ON_RESUME;
import static devices.pcie.uhci.UhciLayout.PIRQ_ENABLE;
import static devices.pcie.uhci.UhciLayout.RUN_STOP;
import static devices.pcie.uhci.UhciLayout.SOFMOD;
import static devices.pcie.uhci.UhciLayout.USBCMD;
import static devices.pcie.uhci.UhciLayout.USBINTR;

import devices.pcie.usb.ControllerAccess;
import iommu.api.pcie.DriverPort;

/**
 * The registers of a controller, as a kernel meets them. One thread.
 *
 * <p>Source: Linux, pci-quirks.c: quirk_usb_handoff_uhci, uhci_check_and_reset_hc,
 * uhci_reset_hc; uhci-pci.c: uhci_pci_configure_hc; uhci-hcd.c:
 * configure_hc, start_rh.
 */
final class HostAccess extends ControllerAccess {

    private static final long RESET_NANOS = 5_000;
    /** Bits of legacy support that say nothing: read-only ones, and those that ones clear. */
    private static final int LEGACY_SILENT = 0x5040 | 0x8f00;
    private static final int LEGACY_OFF = 0x8f00;

    HostAccess(DriverPort port) {
        super(port, BAR, IO);
    }

    int read(int offset) {
        return (int) function.readRegister(BAR, offset, Short.BYTES);
    }

    void write(int offset, long value) {
        function.writeRegister(BAR, offset, Short.BYTES, value);
    }

    @Override
    protected void takeOver() {
        checkAndReset();
    }

    /** Resets a controller that is not as a suspended one is left. */
    void checkAndReset() {
        int command = read(USBCMD);
        if ((function.readConfig(LEGSUP.offset(), 2) & ~LEGACY_SILENT) != 0
                || RUN_STOP.isSet(command) || !CONFIGURE.isSet(command) || !EGSM.isSet(command)
                || (read(USBINTR) & ~ON_RESUME.mask()) != 0) {
            reset();
        }
    }

    /** Resets it; that it is not reset in time is a warning and no more. */
    void reset() {
        function.writeConfig(LEGSUP.offset(), 2, LEGACY_OFF);
        write(USBCMD, HCRESET.mask());
        port.sleep(RESET_NANOS);
        write(USBINTR, 0);
        write(USBCMD, 0);
    }

    /** Takes the controller from firmware without resetting what is plugged in. */
    void own() {
        function.writeConfig(LEGSUP.offset(), 2, LEGACY_OFF);
        write(USBCMD, 0);
    }

    /** Starts it with a list of frames. */
    void start(long frameList) {
        function.writeRegister(BAR, SOFMOD, 1, UhciLayout.USUAL_SOFMOD);
        function.writeRegister(BAR, FLBASEADD, Integer.BYTES, frameList);
        write(FRNUM, 0);
        function.writeConfig(LEGSUP.offset(), 2, (int) PIRQ_ENABLE.mask());
        write(USBINTR, UhciLayout.ENABLES.mask());
        write(USBCMD, RUN_STOP.mask() | CONFIGURE.mask() | MAX_PACKET_64.mask());
    }
}
