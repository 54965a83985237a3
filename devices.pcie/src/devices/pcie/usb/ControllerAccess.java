// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import devices.pcie.link.CommandRegister;
import iommu.api.bits.Register;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;

/**
 * A USB controller as a kernel meets it, whatever its registers are. One thread.
 *
 * <p>Source: Linux, pci-quirks.c: quirk_usb_early_handoff; pci.c: pci_enable_device,
 * pci_set_master, pci_disable_device.
 */
public abstract class ControllerAccess {

    protected static final long MICRO = 1_000;
    protected static final long MILLI = 1_000 * MICRO;
    protected static final long SECOND = 1_000 * MILLI;

    /** Of the Command register: the function decodes I/O addresses. */
    protected static final int IO = 0x0001;
    /** Of the Command register: it decodes memory addresses. */
    protected static final int MEMORY = 0x0002;
    private static final int MASTER = 0x0004;
    private static final int COMMAND = 0x04;

    protected final DriverPort port;
    protected final PciFunction function;
    private final int bar;
    private final int space;

    /**
     * Makes one.
     *
     * @param bar behind which its registers lie
     * @param space {@link #IO} or {@link #MEMORY}
     */
    protected ControllerAccess(DriverPort port, int bar, int space) {
        this.port = port;
        this.function = port.function();
        this.bar = bar;
        this.space = space;
    }

    public final long read(Register register) {
        return function.readRegister(bar, register.offset(), register.bytes());
    }

    public final void write(Register register, long value) {
        function.writeRegister(bar, register.offset(), register.bytes(), value);
    }

    /** Waits for bits of a register; returns whether they came. Times are in nanoseconds. */
    public final boolean wait(Register register, long mask, long value, long timeout, long poll) {
        for (long waited = 0; (read(register) & mask) != value; waited += poll) {
            if (waited >= timeout) {
                return false;
            }
            port.sleep(poll);
        }
        return true;
    }

    /** Has the function decode its registers, and then be a bus master, if it is to. */
    public final void enable(boolean master) {
        int command = function.readConfig(COMMAND, 2) | space;
        function.writeConfig(COMMAND, 2, command);
        if (master) {
            function.writeConfig(COMMAND, 2, command | MASTER);
        }
    }

    /** Ends bus mastering. */
    public final void disable() {
        CommandRegister.clearMaster(function);
    }

    /**
     * Takes the controller from firmware and stops it, as kernels do before they have a driver.
     * From 3.6 on the function is no bus master after it (cab928ee1f22, version from memory);
     * before, one that does not decode its registers is left alone.
     */
    public final void handOff() {
        boolean enables = port.isFrom(3, 6);
        if (enables) {
            enable(false);
        } else if ((function.readConfig(COMMAND, 2) & space) == 0) {
            return;
        }
        takeOver();
        if (enables) {
            disable();
        }
    }

    /** Takes it from firmware and stops it, while it decodes its registers. */
    protected abstract void takeOver();
}
