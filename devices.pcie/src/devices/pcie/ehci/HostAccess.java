// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciLayout.ASYNCLISTADDR;
import static devices.pcie.ehci.EhciLayout.ASYNC_ENABLE;
import static devices.pcie.ehci.EhciLayout.BIOS_OWNED;
import static devices.pcie.ehci.EhciLayout.CONFIGFLAG;
import static devices.pcie.ehci.EhciLayout.EECP;
import static devices.pcie.ehci.EhciLayout.EVENTS;
import static devices.pcie.ehci.EhciLayout.HALTED;
import static devices.pcie.ehci.EhciLayout.HCCPARAMS;
import static devices.pcie.ehci.EhciLayout.HCRESET;
import static devices.pcie.ehci.EhciLayout.LEGACY_ID;
import static devices.pcie.ehci.EhciLayout.PERIODICLISTBASE;
import static devices.pcie.ehci.EhciLayout.PERIODIC_ENABLE;
import static devices.pcie.ehci.EhciLayout.RUN_STOP;
import static devices.pcie.ehci.EhciLayout.SMI_ON_OWNERSHIP;
import static devices.pcie.ehci.EhciLayout.USBCMD;
import static devices.pcie.ehci.EhciLayout.USBINTR;
import static devices.pcie.ehci.EhciLayout.USBSTS;

import devices.pcie.usb.ControllerAccess;
import iommu.api.pcie.DriverPort;

/**
 * The registers of a controller, as a kernel meets them. One thread.
 *
 * <p>Source: Linux, pci-quirks.c: quirk_usb_disable_ehci, ehci_bios_handoff; ehci-hcd.c: ehci_halt,
 * ehci_reset, ehci_run, ehci_shutdown; ehci-q.c: disable_async.
 */
final class HostAccess extends ControllerAccess {

    private static final int MOST_CAPABILITIES = 64;

    HostAccess(DriverPort port) {
        super(port, 0, MEMORY);
    }

    /** Returns whether it has halted, as it must within 2 ms. */
    boolean halt() {
        write(USBINTR, 0);
        write(USBCMD, read(USBCMD) & ~(RUN_STOP.mask() | PERIODIC_ENABLE.mask()
                | ASYNC_ENABLE.mask()));
        return wait(USBSTS, HALTED.mask(), HALTED.mask(), 2 * MILLI, 125 * MICRO);
    }

    /** Returns whether it is ready after a reset. */
    boolean reset() {
        write(USBCMD, read(USBCMD) | HCRESET.mask());
        return wait(USBCMD, HCRESET.mask(), 0, 250 * MILLI, MILLI);
    }

    /** Starts it with a list of frames and a ring of queues; ports are its own then. */
    void start(long frameList, long queues) {
        write(PERIODICLISTBASE, frameList);
        write(ASYNCLISTADDR, queues);
        write(USBCMD, 8 << 16 | RUN_STOP.mask() | PERIODIC_ENABLE.mask() | ASYNC_ENABLE.mask());
        write(CONFIGFLAG, 1);
        write(USBINTR, EVENTS.mask());
    }

    /** Ends the asynchronous schedule, as soon as no queue of it has work. */
    void endAsynchronous() {
        write(USBCMD, read(USBCMD) & ~ASYNC_ENABLE.mask());
    }

    /** Says that events are handled. */
    void handled() {
        write(USBSTS, read(USBSTS) & EVENTS.mask());
    }

    /** Asks firmware for the controller, does not wait, and halts it. */
    void own() {
        int at = legacySupport();
        if (at != 0) {
            function.writeConfig(at + 3, 1, 1);
        }
        halt();
    }

    /** Returns the offset of the legacy support capability; 0 if there is none. */
    private int legacySupport() {
        int at = (int) EECP.of(read(HCCPARAMS));
        for (int i = 0; i < MOST_CAPABILITIES && at != 0; i++) {
            int value = function.readConfig(at & -4, Integer.BYTES);
            if ((value & 0xff) == LEGACY_ID) {
                return at & -4;
            }
            at = value >>> 8 & 0xff;
        }
        return 0;
    }

    /** Firmware has a second. */
    @Override
    protected void takeOver() {
        int at = legacySupport();
        if (at != 0) {
            takeFromFirmware(at);
        }
        if (!HALTED.isSet(read(USBSTS))) {
            write(USBCMD, read(USBCMD) & ~RUN_STOP.mask());
            wait(USBSTS, HALTED.mask(), HALTED.mask(), 2 * MILLI, 100 * MICRO);
        }
        write(USBINTR, 0);
        write(USBSTS, EVENTS.mask());
    }

    private void takeFromFirmware(int at) {
        boolean owned = BIOS_OWNED.isSet(function.readConfig(at, Integer.BYTES));
        if (owned) {
            function.writeConfig(at + 4, Integer.BYTES, (int) (function.readConfig(at + 4,
                    Integer.BYTES) | SMI_ON_OWNERSHIP.mask()));
            function.writeConfig(at + 3, 1, 1);
            for (long waited = 0; waited < SECOND
                    && BIOS_OWNED.isSet(function.readConfig(at, Integer.BYTES));
                    waited += 10 * MILLI) {
                port.sleep(10 * MILLI);
            }
        }
        if (BIOS_OWNED.isSet(function.readConfig(at, Integer.BYTES))) {
            function.writeConfig(at + 2, 1, 0);
        }
        function.writeConfig(at + 4, Integer.BYTES, 0);
        if (owned) {
            write(CONFIGFLAG, 0);
        }
    }

    /** Halts it and leaves the ports to companions, as it is shut down. */
    void shutDown() {
        halt();
        write(CONFIGFLAG, 0);
        disable();
    }
}
