// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciLayout.BIOS_OWNED;
import static devices.pcie.xhci.XhciLayout.CNR;
import static devices.pcie.xhci.XhciLayout.HCCPARAMS1;
import static devices.pcie.xhci.XhciLayout.HCHALTED;
import static devices.pcie.xhci.XhciLayout.HCRST;
import static devices.pcie.xhci.XhciLayout.HSEE;
import static devices.pcie.xhci.XhciLayout.INTE;
import static devices.pcie.xhci.XhciLayout.LEGACY_ID;
import static devices.pcie.xhci.XhciLayout.NEXT;
import static devices.pcie.xhci.XhciLayout.OS_OWNED;
import static devices.pcie.xhci.XhciLayout.RUN_STOP;
import static devices.pcie.xhci.XhciLayout.SMI_EVENTS;
import static devices.pcie.xhci.XhciLayout.USBCMD;
import static devices.pcie.xhci.XhciLayout.USBSTS;
import static devices.pcie.xhci.XhciLayout.XECP;

import devices.pcie.usb.ControllerAccess;
import iommu.api.pcie.DriverPort;

/**
 * The registers of a controller, as a kernel meets them. One thread.
 *
 * <p>Source: Linux, pci-quirks.c: quirk_usb_handoff_xhci; xhci.c: xhci_halt, xhci_reset,
 * xhci_start.
 */
final class HostAccess extends ControllerAccess {

    private static final int MOST_CAPABILITIES = 64;
    private static final long SMI_KEPT = 0xe_1feeL;

    HostAccess(DriverPort port) {
        super(port, 0, MEMORY);
    }

    private long read(long offset) {
        return function.readRegister(0, offset, Integer.BYTES);
    }

    void doorbell(int slot, int target) {
        function.writeRegister(0, XhciLayout.DOORBELLS + 4L * slot, Integer.BYTES, target);
    }

    /** Returns whether it has halted, as it must within 16 ms. */
    boolean halt() {
        write(USBCMD, read(USBCMD) & ~(RUN_STOP.mask() | INTE.mask() | HSEE.mask()));
        return wait(USBSTS, HCHALTED.mask(), HCHALTED.mask(), 32 * MILLI, 125 * MICRO);
    }

    /** Returns whether it is ready after a reset. */
    boolean reset() {
        write(USBCMD, read(USBCMD) | HCRST.mask());
        return wait(USBCMD, HCRST.mask(), 0, 10 * SECOND, MILLI)
                && wait(USBSTS, CNR.mask(), 0, 10 * SECOND, MILLI);
    }

    boolean start() {
        write(USBCMD, read(USBCMD) | RUN_STOP.mask() | INTE.mask());
        return wait(USBSTS, HCHALTED.mask(), 0, 16 * MILLI, 100 * MICRO);
    }

    /** Tells the controller of its rings. */
    void program(HostRings rings) {
        write(XhciLayout.CONFIG, XhciLayout.SLOTS);
        write(XhciLayout.DCBAAP, rings.at(0));
        write(XhciLayout.CRCR, rings.ringAt(HostRings.COMMANDS));
        write(XhciLayout.ERSTSZ.get(0), 1);
        write(XhciLayout.ERDP.get(0), rings.taken());
        write(XhciLayout.ERSTBA.get(0), rings.at(HostRings.SEGMENTS_AT));
        write(XhciLayout.IMAN.get(0), XhciLayout.IE.mask());
    }

    void run() {
        write(USBCMD, RUN_STOP.mask() | INTE.mask());
    }

    /** Says that events are handled, and that the next is to be told of. */
    void handled(HostRings rings) {
        write(USBSTS, XhciLayout.EINT.mask() | XhciLayout.PCD.mask());
        write(XhciLayout.IMAN.get(0), XhciLayout.IE.mask() | XhciLayout.IP.mask());
        write(XhciLayout.ERDP.get(0), rings.taken() | XhciLayout.EHB.mask());
    }

    /** Asks firmware for the controller, and does not wait. */
    void own() {
        long at = legacySupport();
        if (at != 0) {
            function.writeRegister(0, at, Integer.BYTES, read(at) | OS_OWNED.mask());
        }
    }

    /** Returns the offset of the legacy support capability; 0 if there is none. */
    private long legacySupport() {
        long at = XECP.of(read(HCCPARAMS1)) * Integer.BYTES;
        for (int i = 0; i < MOST_CAPABILITIES && at != 0 && at < XhciLayout.BAR_BYTES; i++) {
            long value = read(at);
            if ((value & 0xff) == LEGACY_ID) {
                return at;
            }
            long next = NEXT.of(value) * Integer.BYTES;
            at = next == 0 ? 0 : at + next;
        }
        return 0;
    }

    /** Firmware has a second. */
    @Override
    protected void takeOver() {
        long at = legacySupport();
        if (at != 0) {
            takeFromFirmware(at);
        }
        wait(USBSTS, CNR.mask(), 0, 5 * SECOND, 10 * MICRO);
        halt();
    }

    private void takeFromFirmware(long at) {
        long value = read(at);
        if (BIOS_OWNED.isSet(value)) {
            function.writeRegister(0, at, Integer.BYTES, value | OS_OWNED.mask());
            for (long waited = 0; BIOS_OWNED.isSet(read(at)) && waited < SECOND;
                    waited += 100 * MICRO) {
                port.sleep(100 * MICRO);
            }
            if (BIOS_OWNED.isSet(read(at))) {
                function.writeRegister(0, at, Integer.BYTES,
                        (value | OS_OWNED.mask()) & ~BIOS_OWNED.mask());
            }
        }
        function.writeRegister(0, at + Integer.BYTES, Integer.BYTES,
                read(at + Integer.BYTES) & SMI_KEPT | SMI_EVENTS.mask());
    }
}
