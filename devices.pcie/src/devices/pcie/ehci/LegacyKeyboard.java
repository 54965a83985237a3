// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.QueueLayout.ACTIVE;
import static devices.pcie.ehci.QueueLayout.ADDRESS;
import static devices.pcie.ehci.QueueLayout.BUFFERS;
import static devices.pcie.ehci.QueueLayout.BYTES;
import static devices.pcie.ehci.QueueLayout.CAPABILITIES;
import static devices.pcie.ehci.QueueLayout.CHARACTERISTICS;
import static devices.pcie.ehci.QueueLayout.ENDPOINT;
import static devices.pcie.ehci.QueueLayout.ERRORS;
import static devices.pcie.ehci.QueueLayout.FRAMES;
import static devices.pcie.ehci.QueueLayout.IN;
import static devices.pcie.ehci.QueueLayout.INTERRUPT;
import static devices.pcie.ehci.QueueLayout.LINK_BYTES;
import static devices.pcie.ehci.QueueLayout.MAX_PACKET;
import static devices.pcie.ehci.QueueLayout.NEXT;
import static devices.pcie.ehci.QueueLayout.OVERLAY;
import static devices.pcie.ehci.QueueLayout.PID;
import static devices.pcie.ehci.QueueLayout.SPEED;
import static devices.pcie.ehci.QueueLayout.START_MASK;
import static devices.pcie.ehci.QueueLayout.TERMINATE;
import static devices.pcie.ehci.QueueLayout.TOKEN;
import static devices.pcie.ehci.QueueLayout.TYPE;

import devices.pcie.link.LittleEndian;
import devices.pcie.usb.AttachedDevice;
import devices.pcie.usb.ReservedPlace;
import iommu.api.bits.Register;
import iommu.api.pcie.DeviceContext;

/**
 * Firmware that uses a keyboard: its schedule lies in memory that it has reserved. How such
 * firmware lays it out is assumed. One thread.
 */
final class LegacyKeyboard {

    private static final int COMMAND = 0x04;
    /** Decoding of memory, bus master. */
    private static final int ENABLES = 0x0006;
    private static final int PERIOD = 8;
    private static final int PAGE = 4096;
    private static final int QUEUE_AT = PAGE;
    private static final int TRANSFER_AT = PAGE + 0x40;
    private static final int BUFFER_AT = PAGE + 0x80;
    private static final int HIGH = 2;
    private static final long KEYS = MAX_PACKET.with(SPEED.with(ENDPOINT.with(ADDRESS.with(0, 1),
            AttachedDevice.KEYS_IN / 2), HIGH), AttachedDevice.REPORT_BYTES);
    private static final long READY = BYTES.with(ERRORS.with(PID.with(ACTIVE.mask()
            | INTERRUPT.mask(), IN), 3), AttachedDevice.REPORT_BYTES);

    private final HostController host;
    private final DeviceContext context;
    private final long place;
    private final byte[] dword = new byte[Integer.BYTES];

    /**
     * Makes it.
     *
     * @throws IllegalArgumentException if there is no memory for it
     */
    LegacyKeyboard(HostController host, DeviceContext context, EhciOptions options) {
        this.host = host;
        this.context = context;
        place = ReservedPlace.of(context.function(), options.reservedStart(),
                options.reservedBytes());
    }

    /** Lays the schedule out, enables the function, and starts the controller. */
    void start() {
        int command = context.function().readConfig(COMMAND, 2);
        context.function().writeConfig(COMMAND, 2, command | ENABLES);
        for (int i = 0; i < FRAMES; i++) {
            write(i * LINK_BYTES, i % PERIOD == 0
                    ? TYPE.with(place + QUEUE_AT, QueueLayout.QUEUE_HEAD) : TERMINATE.mask());
        }
        write(QUEUE_AT, TERMINATE.mask());
        write(QUEUE_AT + CHARACTERISTICS, KEYS);
        write(QUEUE_AT + CAPABILITIES, START_MASK.with(0, 1));
        write(QUEUE_AT + OVERLAY + QueueLayout.ALTERNATE, TERMINATE.mask());
        write(TRANSFER_AT + NEXT, TERMINATE.mask());
        write(TRANSFER_AT + QueueLayout.ALTERNATE, TERMINATE.mask());
        write(TRANSFER_AT + BUFFERS, place + BUFFER_AT);
        ready();
        register(EhciLayout.PERIODICLISTBASE, place);
        register(EhciLayout.USBCMD, EhciLayout.RUN_STOP.mask() | EhciLayout.PERIODIC_ENABLE.mask());
    }

    private void register(Register register, long value) {
        host.writeRegister(0, register.offset(), register.bytes(), value);
    }

    private void ready() {
        write(TRANSFER_AT + TOKEN, READY);
        write(QUEUE_AT + OVERLAY + TOKEN, 0);
        write(QUEUE_AT + OVERLAY + NEXT, place + TRANSFER_AT);
    }

    private void write(int offset, long value) {
        LittleEndian.putDword(dword, 0, value);
        context.writeReserved(place + offset, dword, 0, Integer.BYTES);
    }

    /** Takes a report, and makes the transfer ready again. */
    void attend() {
        ready();
        register(EhciLayout.USBSTS, EhciLayout.USBINT.mask());
    }

    /** Halts the controller. */
    void halt() {
        register(EhciLayout.USBCMD, 0);
    }
}
