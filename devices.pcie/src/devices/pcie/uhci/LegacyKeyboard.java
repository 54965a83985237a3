// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.ACTIVE;
import static devices.pcie.uhci.UhciLayout.ADDRESS;
import static devices.pcie.uhci.UhciLayout.ELEMENT;
import static devices.pcie.uhci.UhciLayout.ENDPOINT;
import static devices.pcie.uhci.UhciLayout.ERRORS;
import static devices.pcie.uhci.UhciLayout.FRAMES;
import static devices.pcie.uhci.UhciLayout.FRAME_BYTES;
import static devices.pcie.uhci.UhciLayout.INTERRUPT;
import static devices.pcie.uhci.UhciLayout.MAX_LENGTH;
import static devices.pcie.uhci.UhciLayout.PID;
import static devices.pcie.uhci.UhciLayout.QUEUE;
import static devices.pcie.uhci.UhciLayout.SLOW;
import static devices.pcie.uhci.UhciLayout.SMI_ENABLE;
import static devices.pcie.uhci.UhciLayout.TERMINATE;

import devices.pcie.link.LittleEndian;
import devices.pcie.link.Timer;
import devices.pcie.usb.AttachedDevice;
import devices.pcie.usb.ReservedPlace;
import iommu.api.pcie.DeviceContext;

/**
 * Firmware that presents the keyboard as one of the old kind: its schedule lies in memory that it
 * has reserved, a report ends in an SMI, in which it makes the transfer ready again. It works until
 * somebody switches its SMIs off; the schedule goes on until the controller is halted. One thread.
 *
 * <p>Source: UHCI Design Guide 1.1, "Legacy Support"; how such firmware lays out its schedule is
 * assumed.
 */
final class LegacyKeyboard {

    private static final long SMI_NANOS = 100_000;
    private static final int COMMAND = 0x04;
    /** Decoding of I/O, bus master. */
    private static final int ENABLES = 0x0005;
    private static final int PERIOD = 8;
    private static final int PAGE = 4096;
    private static final int QUEUE_AT = PAGE;
    private static final int TRANSFER_AT = PAGE + 0x20;
    private static final int BUFFER_AT = PAGE + 0x40;
    private static final long TOKEN = MAX_LENGTH.with(ENDPOINT.with(ADDRESS.with(
            PID.with(0, UhciLayout.IN), 1), AttachedDevice.KEYS_IN / 2),
            AttachedDevice.REPORT_BYTES - 1);
    private static final long READY =
            ERRORS.with(ACTIVE.mask() | INTERRUPT.mask() | SLOW.mask(), 3);

    private final HostController host;
    private final DeviceContext context;
    private final Timer smi;
    private final long place;
    private final byte[] dword = new byte[Integer.BYTES];

    private LegacyKeyboard(HostController host, DeviceContext context, long place) {
        this.host = host;
        this.context = context;
        this.place = place;
        smi = new Timer(context, this::attend);
    }

    /**
     * Returns the firmware; null if it does not use the controller.
     *
     * @throws IllegalArgumentException if it is to use it and has no memory for that
     */
    static LegacyKeyboard of(HostController host, DeviceContext context, UhciOptions options) {
        return options.legacyUse() ? new LegacyKeyboard(host, context, ReservedPlace.of(
                context.function(), options.reservedStart(), options.reservedBytes())) : null;
    }

    /** Lays the schedule out, enables the function, and starts the controller. */
    void start() {
        int command = context.function().readConfig(COMMAND, 2);
        context.function().writeConfig(COMMAND, 2, command | ENABLES);
        for (int i = 0; i < FRAMES; i++) {
            write(i * FRAME_BYTES, i % PERIOD == 0 ? place + QUEUE_AT | QUEUE.mask()
                    : TERMINATE.mask());
        }
        write(QUEUE_AT, TERMINATE.mask());
        write(TRANSFER_AT, TERMINATE.mask());
        write(TRANSFER_AT + UhciLayout.TOKEN, TOKEN);
        write(TRANSFER_AT + UhciLayout.BUFFER, place + BUFFER_AT);
        ready();
        register(UhciLayout.FLBASEADD, 4, place);
        register(UhciLayout.USBINTR, 2, UhciLayout.ON_COMPLETE.mask());
        register(UhciLayout.USBCMD, 2, UhciLayout.RUN_STOP.mask() | UhciLayout.CONFIGURE.mask());
    }

    private void register(int offset, int bytes, long value) {
        host.writeRegister(UhciLayout.BAR, offset, bytes, value);
    }

    private void ready() {
        write(TRANSFER_AT + UhciLayout.STATUS, READY);
        write(QUEUE_AT + ELEMENT, place + TRANSFER_AT);
    }

    private void write(int offset, long value) {
        LittleEndian.putDword(dword, 0, value);
        context.writeReserved(place + offset, dword, 0, Integer.BYTES);
    }

    /** The controller wants attention. */
    void wanted() {
        if (SMI_ENABLE.isSet(host.legacySupport()) && !smi.isSet()) {
            smi.set(SMI_NANOS);
        }
    }

    private void attend() {
        if (SMI_ENABLE.isSet(host.legacySupport())) {
            ready();
            register(UhciLayout.USBSTS, 2, UhciLayout.USBINT.mask());
        }
    }
}
