// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.BAR;
import static devices.pcie.uhci.UhciLayout.BAR_BYTES;
import static devices.pcie.uhci.UhciLayout.COMMANDS;
import static devices.pcie.uhci.UhciLayout.ENABLES;
import static devices.pcie.uhci.UhciLayout.ERROR_INTERRUPT;
import static devices.pcie.uhci.UhciLayout.EVENTS;
import static devices.pcie.uhci.UhciLayout.FLBASEADD;
import static devices.pcie.uhci.UhciLayout.FRAME;
import static devices.pcie.uhci.UhciLayout.FRAME_LIST;
import static devices.pcie.uhci.UhciLayout.FRNUM;
import static devices.pcie.uhci.UhciLayout.GRESET;
import static devices.pcie.uhci.UhciLayout.HALTED;
import static devices.pcie.uhci.UhciLayout.HCRESET;
import static devices.pcie.uhci.UhciLayout.HOST_SYSTEM_ERROR;
import static devices.pcie.uhci.UhciLayout.LEGSUP;
import static devices.pcie.uhci.UhciLayout.ON_COMPLETE;
import static devices.pcie.uhci.UhciLayout.ON_ERROR;
import static devices.pcie.uhci.UhciLayout.ON_RESUME;
import static devices.pcie.uhci.UhciLayout.ON_SHORT;
import static devices.pcie.uhci.UhciLayout.PIRQ_ENABLE;
import static devices.pcie.uhci.UhciLayout.PROCESS_ERROR;
import static devices.pcie.uhci.UhciLayout.RESUME_DETECT;
import static devices.pcie.uhci.UhciLayout.RUN_STOP;
import static devices.pcie.uhci.UhciLayout.SMI_ENABLE;
import static devices.pcie.uhci.UhciLayout.SOFMOD;
import static devices.pcie.uhci.UhciLayout.TRAPS;
import static devices.pcie.uhci.UhciLayout.USBCMD;
import static devices.pcie.uhci.UhciLayout.USBINT;
import static devices.pcie.uhci.UhciLayout.USBINTR;
import static devices.pcie.uhci.UhciLayout.USBSTS;

import devices.pcie.link.Timer;
import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;
import java.util.List;

/**
 * The controller. While it runs it goes through its schedule once a millisecond, for ever. It
 * powers up halted with its keyboard set up at address 1, or used by firmware. An aborted read is a
 * host system error: it halts. While its function is no bus master it stands still. One thread.
 *
 * <p>Source: UHCI Design Guide 1.1, "USB Command Register", "USB Status Register", "Frame List".
 */
final class HostController implements Device {

    static final long FRAME_NANOS = 1_000_000;
    private static final List<Bar> BARS = List.of(Bar.io(BAR, BAR_BYTES));
    private static final List<Register> CONFIG = List.of(LEGSUP);
    private static final List<Register> CONFIG_OF_FIRMWARE =
            List.of(LEGSUP.reset(SMI_ENABLE.mask() | TRAPS.mask()));

    private final DeviceContext context;
    private final UhciOptions options;
    private final Interrupts interrupts;
    private final RootPorts ports;
    private final FrameSchedule schedule;
    private final Timer frame;
    private final LegacyKeyboard firmware;
    private int command;
    private int status = (int) HALTED.mask();
    private int enables;
    private int frameNumber;
    private long frameList;
    private int startOfFrame = UhciLayout.USUAL_SOFMOD;
    private boolean shortPacket;
    private boolean complete;
    private boolean raised;
    private boolean wedged;

    HostController(DeviceContext context, UhciOptions options) {
        this.context = context;
        this.options = options;
        interrupts = context.interrupts();
        ports = new RootPorts(context, options);
        schedule = new FrameSchedule(this, context, ports);
        frame = new Timer(context, this::frame);
        firmware = LegacyKeyboard.of(this, context, options);
        if (firmware != null) {
            firmware.start();
        }
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public List<Bar> bars() {
        return BARS;
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        int at = (int) offset;
        long value = 0;
        for (int word = at & -2; word < at + bytes; word += 2) {
            long held = read(word);
            int shift = 8 * (word - at);
            value |= shift >= 0 ? held << shift : held >>> -shift;
        }
        return value;
    }

    private int read(int word) {
        return switch (word) {
            case USBCMD -> command;
            case USBSTS -> status;
            case USBINTR -> enables;
            case FRNUM -> frameNumber;
            case FLBASEADD -> (int) frameList & 0xffff;
            case FLBASEADD + 2 -> (int) (frameList >>> 16);
            case SOFMOD -> startOfFrame;
            default -> word >= UhciLayout.PORTSC1 ? ports.read(word) : UhciLayout.NO_PORT;
        };
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        int at = (int) offset;
        for (int word = at & -2; word < at + bytes && !wedged; word += 2) {
            int shift = 8 * (word - at);
            long mask = bytes == 8 ? -1 : (1L << 8 * bytes) - 1;
            write(word, (int) (shift >= 0 ? value >>> shift : value << -shift) & 0xffff,
                    (int) (shift >= 0 ? mask >>> shift : mask << -shift) & 0xffff);
        }
    }

    /** Writes a register of 16 bits, as far as a mask goes. */
    private void write(int word, int value, int mask) {
        int written = value & mask;
        switch (word) {
            case USBCMD -> command(command & ~mask | written);
            case USBSTS -> {
                status &= (int) (~written | ~EVENTS.mask());
                if (USBINT.isSet(written)) {
                    complete = false;
                    shortPacket = false;
                }
                level();
            }
            case USBINTR -> {
                enables = (enables & ~mask | written) & (int) ENABLES.mask();
                level();
            }
            case FRNUM -> {
                if (!runs()) {
                    frameNumber = (frameNumber & ~mask | written) & (int) FRAME.mask();
                }
            }
            case FLBASEADD -> frameList(frameList & ~(long) mask | written);
            case FLBASEADD + 2 -> frameList(frameList & ~((long) mask << 16)
                    | (long) written << 16);
            case SOFMOD -> startOfFrame = (startOfFrame & ~mask | written) & 0x7f;
            default -> ports.write(word, value, mask);
        }
    }

    private void frameList(long address) {
        frameList = FRAME_LIST.inPlace(address);
    }

    private void command(int wanted) {
        if (HCRESET.isSet(wanted) && options.ignoresReset()) {
            command |= (int) HCRESET.mask();
            run(RUN_STOP.isSet(wanted));
        } else if (HCRESET.isSet(wanted) || GRESET.isSet(wanted)) {
            forget();
            command = (int) GRESET.inPlace(wanted);
        } else {
            command = wanted & (int) COMMANDS.mask();
            run(RUN_STOP.isSet(wanted));
        }
    }

    private void run(boolean wanted) {
        command = (int) RUN_STOP.with(command, wanted ? 1 : 0);
        if (!wanted) {
            halt();
        } else {
            status &= (int) ~HALTED.mask();
            wake();
        }
    }

    // ---- config space ---------------------------------------------------------------------------

    @Override
    public List<Register> configRegisters() {
        return firmware == null ? CONFIG : CONFIG_OF_FIRMWARE;
    }

    @Override
    public void configWritten(Register register) {
        level();
    }

    /** Returns what the register of legacy support holds. */
    int legacySupport() {
        return context.function().readConfig(LEGSUP.offset(), LEGSUP.bytes());
    }

    // ---- resets ---------------------------------------------------------------------------------

    @Override
    public void reset() {
        wedged = false;
        forget();
    }

    private void forget() {
        frame.cancel();
        command = 0;
        status = (int) HALTED.mask();
        enables = 0;
        frameNumber = 0;
        frameList = 0;
        startOfFrame = UhciLayout.USUAL_SOFMOD;
        complete = false;
        shortPacket = false;
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
        return RUN_STOP.isSet(command);
    }

    private void wake() {
        if (runs() && !frame.isSet()) {
            frame.set(FRAME_NANOS);
        }
    }

    private void frame() {
        if (!runs() || !context.function().busMaster() || !present()) {
            return;
        }
        schedule.go(frameList, frameNumber);
        frameNumber = frameNumber + 1 & (int) FRAME.mask();
        level();
        wake();
    }

    private void halt() {
        command &= (int) ~RUN_STOP.mask();
        status |= (int) HALTED.mask();
        frame.cancel();
    }

    // ---- for its parts --------------------------------------------------------------------------

    /** A read was aborted. */
    void hostSystemError() {
        status |= (int) HOST_SYSTEM_ERROR.mask();
        halt();
        wedged = options.wedgesOnAbort();
    }

    /** What was found in memory makes no sense. */
    void processError() {
        status |= (int) PROCESS_ERROR.mask();
        halt();
    }

    /** A transfer has ended that is to be told of. */
    void completed() {
        complete = true;
        status |= (int) USBINT.mask();
    }

    /** A transfer has ended before its buffer was full. */
    void endedShort() {
        shortPacket = true;
        status |= (int) USBINT.mask();
    }

    /** A transfer has failed. */
    void failed() {
        status |= (int) ERROR_INTERRUPT.mask();
    }

    RootPorts ports() {
        return ports;
    }

    /** Tells of what is to be told: by an interrupt, by an SMI, or by both. */
    private void level() {
        boolean wanted = complete && ON_COMPLETE.isSet(enables)
                || shortPacket && ON_SHORT.isSet(enables)
                || ERROR_INTERRUPT.isSet(status) && ON_ERROR.isSet(enables)
                || RESUME_DETECT.isSet(status) && ON_RESUME.isSet(enables)
                || HOST_SYSTEM_ERROR.isSet(status) || PROCESS_ERROR.isSet(status);
        boolean pin = wanted && PIRQ_ENABLE.isSet(legacySupport());
        if (pin != raised) {
            raised = pin;
            if (pin) {
                interrupts.raise(0);
            } else {
                interrupts.lower();
            }
        }
        if (wanted && firmware != null) {
            firmware.wanted();
        }
    }
}
