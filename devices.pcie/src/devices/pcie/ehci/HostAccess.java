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

import iommu.api.bits.Register;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;

/**
 * The registers of a controller, as a kernel meets them. One thread.
 *
 * <p>Source: Linux, pci-quirks.c: quirk_usb_early_handoff, quirk_usb_disable_ehci,
 * ehci_bios_handoff; ehci-hcd.c: ehci_halt, ehci_reset, ehci_run, ehci_shutdown.
 */
final class HostAccess {

    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final int COMMAND = 0x04;
    private static final int MEMORY = 0x0002;
    private static final int MASTER = 0x0004;
    private static final int MOST_CAPABILITIES = 64;

    private final DriverPort port;
    private final PciFunction function;

    HostAccess(DriverPort port) {
        this.port = port;
        function = port.function();
    }

    long read(Register register) {
        return function.readRegister(0, register.offset(), register.bytes());
    }

    void write(Register register, long value) {
        function.writeRegister(0, register.offset(), register.bytes(), value);
    }

    /** Waits for bits of a register; returns whether they came. */
    private boolean wait(Register register, long mask, long value, long timeout, long poll) {
        for (long waited = 0; (read(register) & mask) != value; waited += poll) {
            if (waited >= timeout) {
                return false;
            }
            port.sleep(poll);
        }
        return true;
    }

    void enable(boolean master) {
        int command = function.readConfig(COMMAND, 2) | MEMORY;
        function.writeConfig(COMMAND, 2, command);
        if (master) {
            function.writeConfig(COMMAND, 2, command | MASTER);
        }
    }

    /** Ends bus mastering, as pci_disable_device does. */
    void disable() {
        function.writeConfig(COMMAND, 2, function.readConfig(COMMAND, 2) & ~MASTER);
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

    /**
     * Takes the controller from firmware and halts it, as kernels do before they have a driver.
     * Firmware has a second. From 3.6 on the function is no bus master after it (cab928ee1f22,
     * version from memory); before, one that decodes no memory is left alone.
     */
    void handOff() {
        boolean enables = port.isFrom(3, 6);
        if (enables) {
            enable(false);
        } else if ((function.readConfig(COMMAND, 2) & MEMORY) == 0) {
            return;
        }
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
        if (enables) {
            disable();
        }
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
