// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciLayout.ASYNCLISTADDR;
import static devices.pcie.ehci.EhciLayout.ASYNC_ENABLE;
import static devices.pcie.ehci.EhciLayout.ASYNC_STATUS;
import static devices.pcie.ehci.EhciLayout.COMPANIONS;
import static devices.pcie.ehci.EhciLayout.DOORBELL;
import static devices.pcie.ehci.EhciLayout.EECP;
import static devices.pcie.ehci.EhciLayout.ERROR_INTERRUPT;
import static devices.pcie.ehci.EhciLayout.EVENTS;
import static devices.pcie.ehci.EhciLayout.FRINDEX;
import static devices.pcie.ehci.EhciLayout.HALTED;
import static devices.pcie.ehci.EhciLayout.HCCPARAMS;
import static devices.pcie.ehci.EhciLayout.HCRESET;
import static devices.pcie.ehci.EhciLayout.HCSPARAMS;
import static devices.pcie.ehci.EhciLayout.HOST_SYSTEM_ERROR;
import static devices.pcie.ehci.EhciLayout.MICROFRAME;
import static devices.pcie.ehci.EhciLayout.ON_ADVANCE;
import static devices.pcie.ehci.EhciLayout.PERIODICLISTBASE;
import static devices.pcie.ehci.EhciLayout.PERIODIC_ENABLE;
import static devices.pcie.ehci.EhciLayout.PERIODIC_STATUS;
import static devices.pcie.ehci.EhciLayout.PORTS_OF_COMPANION;
import static devices.pcie.ehci.EhciLayout.PORTS_PER_COMPANION;
import static devices.pcie.ehci.EhciLayout.ROLLOVER;
import static devices.pcie.ehci.EhciLayout.RUN_STOP;
import static devices.pcie.ehci.EhciLayout.USBCMD;
import static devices.pcie.ehci.EhciLayout.USBINT;
import static devices.pcie.ehci.EhciLayout.USBINTR;
import static devices.pcie.ehci.EhciLayout.USBSTS;

import devices.pcie.link.Timer;
import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;
import java.util.List;

/**
 * The controller. While it runs it goes through the periodic schedule once a millisecond and round
 * the asynchronous one, for ever. It powers up halted and owned by firmware with its device set up
 * at address 1, or used by firmware. An aborted read is a host system error: it halts. While its
 * function is no bus master it stands still. One thread.
 *
 * <p>Source: EHCI 1.0, "USBCMD", "USBSTS", "Host Controller Initialization", "Host System Error".
 */
final class HostController implements Device {

    static final long FRAME_NANOS = 1_000_000;
    private static final int MICROFRAMES = 8;
    /** 480 Mb/s, less what packets need. */
    private static final int BYTES_PER_MICROSECOND = 50;
    /** What a round of the queues takes whatever moves; assumed. */
    private static final long ROUND_NANOS = 1_000;
    private static final List<Bar> BARS = List.of(Bar.memory(0, EhciLayout.BAR_BYTES));

    private final DeviceContext context;
    private final EhciOptions options;
    private final Interrupts interrupts;
    private final RegisterFile registers =
            new RegisterFile(EhciLayout.REGISTER_BYTES, EhciLayout.registers());
    private final LegacySupport legacy;
    private final RootPorts ports;
    private final QueueHead queue;
    private final Schedules schedules;
    private final Timer frame;
    private final Timer round;
    private final Timer resetEnds;
    private boolean raised;
    private boolean wedged;

    HostController(DeviceContext context, EhciOptions options) {
        this.context = context;
        this.options = options;
        interrupts = context.interrupts();
        legacy = new LegacySupport(this, context, options);
        ports = new RootPorts(this, registers, context, options);
        queue = new QueueHead(this, context, ports);
        schedules = new Schedules(this, context, queue);
        frame = new Timer(context, this::frame);
        round = new Timer(context, this::round);
        resetEnds = new Timer(context, this::endReset);
        registers.onWrite(USBCMD, (written, mask) -> command());
        registers.onWrite(USBSTS, (written, mask) -> level());
        registers.onWrite(USBINTR, (written, mask) -> level());
        capabilities();
        ports.inUse();
        legacy.start();
    }

    private void capabilities() {
        registers.set(HCCPARAMS, EECP, legacy.capability());
        registers.set(HCSPARAMS, COMPANIONS, options.companions());
        registers.set(HCSPARAMS, PORTS_PER_COMPANION,
                options.companions() == 0 ? 0 : PORTS_OF_COMPANION);
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public List<Bar> bars() {
        return BARS;
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        return offset <= EhciLayout.REGISTER_BYTES - bytes
                ? registers.read((int) offset, bytes) : 0;
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        if (!wedged && !resetEnds.isSet() && offset <= EhciLayout.REGISTER_BYTES - bytes) {
            registers.write((int) offset, bytes, value);
        }
    }

    private void command() {
        long command = registers.get(USBCMD);
        if (HCRESET.isSet(command)) {
            if (!options.ignoresReset()) {
                forget();
                registers.set(USBCMD, HCRESET, 1);
                resetEnds.set(options.resetNanos());
            }
            return;
        }
        if (!RUN_STOP.isSet(command)) {
            halt();
        } else if (HALTED.isSet(registers.get(USBSTS))
                && !HOST_SYSTEM_ERROR.isSet(registers.get(USBSTS))) {
            registers.set(USBSTS, HALTED, 0);
        }
        status();
        wake();
    }

    private void endReset() {
        registers.set(USBCMD, HCRESET, 0);
    }

    /** What is switched on is on at once. */
    private void status() {
        registers.set(USBSTS, PERIODIC_STATUS, goes(PERIODIC_ENABLE) ? 1 : 0);
        registers.set(USBSTS, ASYNC_STATUS, goes(ASYNC_ENABLE) ? 1 : 0);
    }

    private boolean goes(BitField schedule) {
        return runs() && schedule.isSet(registers.get(USBCMD));
    }

    // ---- config space ---------------------------------------------------------------------------

    @Override
    public List<Register> configRegisters() {
        return legacy.registers();
    }

    @Override
    public void configWritten(Register register) {
        legacy.written();
    }

    // ---- resets ---------------------------------------------------------------------------------

    @Override
    public void reset() {
        wedged = false;
        resetEnds.cancel();
        forget();
    }

    private void forget() {
        frame.cancel();
        round.cancel();
        registers.reset();
        capabilities();
        queue.forget();
        ports.reset();
        level();
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

    // ---- work -----------------------------------------------------------------------------------

    private boolean runs() {
        return RUN_STOP.isSet(registers.get(USBCMD)) && !HALTED.isSet(registers.get(USBSTS));
    }

    private boolean works() {
        return runs() && context.function().busMaster() && present();
    }

    private void wake() {
        if (runs() && !frame.isSet()) {
            frame.set(FRAME_NANOS);
        }
        if (goes(ASYNC_ENABLE) && !round.isSet()) {
            round.set(ROUND_NANOS);
        }
    }

    private void frame() {
        if (!works()) {
            return;
        }
        long microframe = registers.get(FRINDEX);
        if (PERIODIC_ENABLE.isSet(registers.get(USBCMD))) {
            schedules.periodic(registers.get(PERIODICLISTBASE), (int) microframe / MICROFRAMES);
        }
        long next = microframe + MICROFRAMES;
        if ((next ^ microframe) >>> 13 != 0) {
            registers.set(USBSTS, ROLLOVER, 1);
        }
        registers.set(FRINDEX, MICROFRAME.of(next));
        level();
        wake();
    }

    private void round() {
        if (!works() || !goes(ASYNC_ENABLE)) {
            return;
        }
        int moved = schedules.asynchronous(registers.get(ASYNCLISTADDR));
        if (moved == QueueHead.ABORTED) {
            level();
            return;
        }
        if (DOORBELL.isSet(registers.get(USBCMD))) {
            registers.set(USBCMD, DOORBELL, 0);
            registers.set(USBSTS, ON_ADVANCE, 1);
        }
        level();
        round.set(moved == 0 ? options.asyncNanos()
                : ROUND_NANOS + moved * 1000L / BYTES_PER_MICROSECOND);
    }

    private void halt() {
        registers.set(USBCMD, RUN_STOP, 0);
        registers.set(USBSTS, HALTED, 1);
        frame.cancel();
        round.cancel();
        status();
    }

    // ---- for its parts --------------------------------------------------------------------------

    /** A read was aborted. */
    void hostSystemError() {
        registers.set(USBSTS, HOST_SYSTEM_ERROR, 1);
        halt();
        wedged = options.wedgesOnAbort();
    }

    /** A transfer has ended that is to be told of. */
    void completed() {
        registers.set(USBSTS, USBINT, 1);
    }

    /** A transfer has failed. */
    void failed() {
        registers.set(USBSTS, ERROR_INTERRUPT, 1);
    }

    /** Tells of what is to be told, by an interrupt, and firmware by an SMI. */
    void level() {
        long events = EVENTS.of(registers.get(USBSTS));
        boolean wanted = (events & registers.get(USBINTR)) != 0;
        if (wanted != raised) {
            raised = wanted;
            if (wanted) {
                interrupts.raise(0);
            } else {
                interrupts.lower();
            }
        }
        if (USBINT.isSet(events)) {
            legacy.completed();
        }
    }
}
