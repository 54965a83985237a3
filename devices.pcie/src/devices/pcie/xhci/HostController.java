// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciLayout.BIOS_OWNED;
import static devices.pcie.xhci.XhciLayout.CNR;
import static devices.pcie.xhci.XhciLayout.CRCR;
import static devices.pcie.xhci.XhciLayout.CRR;
import static devices.pcie.xhci.XhciLayout.HCE;
import static devices.pcie.xhci.XhciLayout.HCHALTED;
import static devices.pcie.xhci.XhciLayout.HCRST;
import static devices.pcie.xhci.XhciLayout.HSE;
import static devices.pcie.xhci.XhciLayout.INTE;
import static devices.pcie.xhci.XhciLayout.INTERRUPTERS;
import static devices.pcie.xhci.XhciLayout.MFINDEX;
import static devices.pcie.xhci.XhciLayout.OS_OWNED;
import static devices.pcie.xhci.XhciLayout.RUN_STOP;
import static devices.pcie.xhci.XhciLayout.USBCMD;
import static devices.pcie.xhci.XhciLayout.USBLEGCTLSTS;
import static devices.pcie.xhci.XhciLayout.USBLEGSUP;
import static devices.pcie.xhci.XhciLayout.USBSTS;

import devices.pcie.link.MemoryAccess;
import devices.pcie.link.Timer;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;
import java.util.List;

/**
 * The controller. It powers up halted, owned by firmware, with the device at port 1 enabled. An
 * aborted read is a host system error: it halts, with all rings as they are, until it is reset.
 * While its function is no bus master it stands still with all that it holds. One thread.
 *
 * <p>Source: xHCI 1.1, "Host Controller Initialization", "Host Controller Halted", "Host System
 * Error", "USB Legacy Support Capability".
 */
final class HostController implements Device {

    private static final long MICROFRAME_NANOS = 125_000;
    private static final int MICROFRAMES = 0x3fff;
    private static final List<Bar> BARS =
            List.of(Bar.wideMemory(0, XhciLayout.BAR_BYTES, false));

    private final DeviceContext context;
    private final XhciOptions options;
    private final Interrupts interrupts;
    private final RegisterFile registers =
            new RegisterFile(XhciLayout.REGISTER_BYTES, XhciLayout.registers());
    private final MemoryAccess memory;
    private final Interrupter[] interrupters = new Interrupter[INTERRUPTERS];
    private final RootPorts ports;
    private final Slots slots;
    private final CommandRing commands;
    private final Timer resetEnds;
    private final Timer handOff;
    private boolean wedged;

    HostController(DeviceContext context, XhciOptions options) {
        this.context = context;
        this.options = options;
        interrupts = context.interrupts();
        memory = new MemoryAccess(context.dma());
        for (int i = 0; i < INTERRUPTERS; i++) {
            interrupters[i] = new Interrupter(this, registers, memory, i);
        }
        ports = new RootPorts(this, registers, context, options);
        slots = new Slots(this, registers, memory);
        commands = new CommandRing(this, registers, memory, slots);
        resetEnds = new Timer(context, this::endReset);
        handOff = new Timer(context, () -> registers.set(USBLEGSUP, BIOS_OWNED, 0));
        registers.onWrite(USBCMD, (written, mask) -> command());
        registers.onWrite(USBLEGSUP, (written, mask) -> semaphores());
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public List<Bar> bars() {
        return BARS;
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        if (offset == MFINDEX.offset() && runs()) {
            registers.set(MFINDEX, context.nanos() / MICROFRAME_NANOS & MICROFRAMES);
        }
        return offset <= XhciLayout.REGISTER_BYTES - bytes
                ? registers.read((int) offset, bytes) : 0;
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        if (wedged || resetEnds.isSet()) {
            return;
        }
        if (offset <= XhciLayout.REGISTER_BYTES - bytes) {
            registers.write((int) offset, bytes, value);
        } else if (offset >= XhciLayout.DOORBELLS && offset < XhciLayout.DOORBELLS_END
                && bytes == 4) {
            doorbell((int) (offset - XhciLayout.DOORBELLS) / 4, (int) value & 0xff);
        }
    }

    private void doorbell(int slot, int target) {
        if (!runs()) {
            return;
        }
        if (slot == 0) {
            commands.ring();
        } else {
            slots.ring(slot, target);
        }
    }

    private void command() {
        long command = registers.get(USBCMD);
        if (HCRST.isSet(command)) {
            if (!options.ignoresReset()) {
                forget();
                registers.set(USBCMD, HCRST, 1);
                registers.set(USBSTS, CNR, 1);
                resetEnds.set(options.resetNanos());
            }
        } else if (!RUN_STOP.isSet(command)) {
            halt();
        } else if (!HCE.isSet(registers.get(USBSTS)) && !HSE.isSet(registers.get(USBSTS))) {
            registers.set(USBSTS, HCHALTED, 0);
            wake();
        }
        if (!INTE.isSet(command)) {
            interrupts.lower();
        }
    }

    private void endReset() {
        registers.set(USBCMD, HCRST, 0);
        registers.set(USBSTS, CNR, 0);
        ports.train();
    }

    /** Firmware gives the controller up when it is asked to, and has time. */
    private void semaphores() {
        long semaphores = registers.get(USBLEGSUP);
        if (OS_OWNED.isSet(semaphores) && BIOS_OWNED.isSet(semaphores) && !handOff.isSet()
                && options.handOffNanos() >= 0) {
            handOff.set(options.handOffNanos());
        }
    }

    // ---- resets ---------------------------------------------------------------------------------

    @Override
    public void reset() {
        wedged = false;
        resetEnds.cancel();
        handOff.cancel();
        forget();
        registers.set(USBLEGSUP, USBLEGSUP.reset());
        ports.connect();
    }

    /** Forgets everything but who owns it. */
    private void forget() {
        long semaphores = registers.get(USBLEGSUP);
        long managed = registers.get(USBLEGCTLSTS);
        registers.reset();
        registers.set(USBLEGSUP, semaphores);
        registers.set(USBLEGCTLSTS, managed);
        for (Interrupter each : interrupters) {
            each.forget();
        }
        commands.forget();
        slots.forget();
        ports.forget();
        interrupts.lower();
        context.dropped();
    }

    @Override
    public boolean present() {
        return options.goneFromNanos() == Long.MAX_VALUE
                || context.nanos() < options.goneFromNanos();
    }

    @Override
    public void busMasterEnabled(boolean enabled) {
        if (enabled) {
            wake();
        }
    }

    // ---- for its parts --------------------------------------------------------------------------

    /** Returns whether it has been started and has not halted. */
    boolean runs() {
        return RUN_STOP.isSet(registers.get(USBCMD)) && !HCHALTED.isSet(registers.get(USBSTS));
    }

    /** Returns whether it may go on with what it does now. */
    boolean works() {
        return runs() && !wedged && interrupters[0].hasRoom() && context.function().busMaster()
                && present();
    }

    /** Has everything go on that can. */
    void wake() {
        if (works()) {
            commands.wake();
            slots.wake();
            ports.tell();
        }
    }

    void halt() {
        registers.set(USBCMD, RUN_STOP, 0);
        registers.set(USBSTS, HCHALTED, 1);
        registers.set(CRCR, CRR, 0);
    }

    /** A read was aborted. */
    void hostSystemError() {
        registers.set(USBSTS, HSE, 1);
        halt();
        wedged = options.wedgesOnAbort();
    }

    /** Writes an event to the ring of the first interrupter. */
    void event(long parameter, long status, long control) {
        interrupters[0].post(parameter, status, control);
    }

    void interrupt(int vector) {
        if (INTE.isSet(registers.get(USBCMD))) {
            interrupts.raise(vector);
        }
    }

    Interrupts interrupts() {
        return interrupts;
    }

    DeviceContext context() {
        return context;
    }

    RootPorts ports() {
        return ports;
    }

    Slots slots() {
        return slots;
    }
}
