// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.DescriptorLayout.TX_CSO;
import static devices.pcie.e1000e.DescriptorLayout.TX_CSS;
import static devices.pcie.e1000e.DescriptorLayout.TX_DD;
import static devices.pcie.e1000e.DescriptorLayout.TX_DEXT;
import static devices.pcie.e1000e.DescriptorLayout.TX_DTYP;
import static devices.pcie.e1000e.DescriptorLayout.TX_DTYP_CONTEXT;
import static devices.pcie.e1000e.DescriptorLayout.TX_EOP;
import static devices.pcie.e1000e.DescriptorLayout.TX_EXTENDED_LENGTH;
import static devices.pcie.e1000e.DescriptorLayout.TX_IC;
import static devices.pcie.e1000e.DescriptorLayout.TX_IDE;
import static devices.pcie.e1000e.DescriptorLayout.TX_IXSM;
import static devices.pcie.e1000e.DescriptorLayout.TX_LENGTH;
import static devices.pcie.e1000e.DescriptorLayout.TX_RS;
import static devices.pcie.e1000e.DescriptorLayout.TX_TXSM;
import static devices.pcie.e1000e.NicLayout.ICR_TXDW;
import static devices.pcie.e1000e.NicLayout.ICR_TXQ0;
import static devices.pcie.e1000e.NicLayout.ICR_TXQE;
import static devices.pcie.e1000e.NicLayout.TCTL;
import static devices.pcie.e1000e.NicLayout.TCTL_EN;
import static devices.pcie.e1000e.NicLayout.TCTL_PSP;
import static devices.pcie.e1000e.NicLayout.TIDV;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;

/**
 * Transmitting: descriptors are fetched, the data of one after the other are read, a frame that is
 * whole takes its time on the wire, and descriptors that ask for it are written back, each in an
 * event of its own.
 *
 * <p>An aborted read stops the unit until a reset: drivers then speak of a hang. While requests
 * may not leave it tries again every 10 ms. Frames longer than the chip can hold are not sent.
 *
 * <p>Source: 82574 datasheet, "Transmit Functionality", "Transmit Checksum Offloading"; RFC 1071,
 * "Computing the Internet Checksum". Segmentation is not modelled, a frame that asks for it goes
 * out whole, nor is a second queue, nor are thresholds of TXDCTL.
 */
final class TransmitUnit {

    private static final long FETCH_NANOS = 1000;
    private static final long WRITE_BACK_NANOS = 200;
    private static final long DELAY_UNIT_NANOS = 1024;
    /** A bit of a gigabit; preamble, check sequence and gap take as long as 24 bytes. */
    private static final int NANOS_PER_BYTE = 8;
    private static final int OVERHEAD_BYTES = 24;
    private static final int LONGEST = 16_288;
    private static final int LEAST = 60;

    /** Takes frames that loop back. */
    @FunctionalInterface
    interface Loopback {

        /** Returns whether the frame did not go to the wire. */
        boolean take(byte[] frame, int bytes);
    }

    private final NicCore core;
    private final DeviceContext context;
    private final Loopback loopback;
    private final DescriptorRing ring;
    private final byte[] fetched = new byte[DescriptorRing.ON_CHIP * DescriptorLayout.BYTES];
    private final byte[] frame = new byte[LONGEST];
    private final byte[] beyond = new byte[LONGEST];
    private Runnable fetchDone;
    private Runnable gathered;
    private Runnable sent;
    private Runnable writtenBack;
    private Runnable delayOver;
    private long number;
    private int token;
    private int length;
    private boolean tooLong;
    private long checksums;
    private long offload;
    private boolean busy;
    private boolean stopped;
    private boolean delayed;

    TransmitUnit(NicCore core, Loopback loopback) {
        this.core = core;
        this.loopback = loopback;
        context = core.context();
        ring = new DescriptorRing(core.registers(), NicLayout.TDBAL, NicLayout.TDBAH,
                NicLayout.TDLEN, NicLayout.TDH, NicLayout.TDT);
        reset();
    }

    void reset() {
        fetchDone = core.whileLive(this::fetchDone);
        gathered = core.whileLive(this::gathered);
        sent = core.whileLive(this::sent);
        writtenBack = core.whileLive(this::writtenBack);
        delayOver = core.whileLive(this::delayOver);
        ring.keep(0);
        number = 0;
        length = token = 0;
        checksums = offload = 0;
        busy = stopped = delayed = tooLong = false;
    }

    /** Follows a write to the tail or to TCTL. */
    void proceed() {
        if (!busy) {
            advance();
        }
    }

    /** Follows a write to the head, which drivers do with transmitting off. */
    void headWritten() {
        if (!busy) {
            ring.keep(0);
        }
    }

    private void advance() {
        busy = !stopped && TCTL_EN.isSet(core.registers().get(TCTL)) && ring.left() > 0;
        if (!busy) {
            return;
        }
        if (ring.held() == 0) {
            context.schedule(FETCH_NANOS, fetchDone);
        } else {
            context.schedule(isContext() ? 1 : core.link().nanos(bytes()), gathered);
        }
    }

    private void fetchDone() {
        if (!core.bus().isOpen()) {
            core.bus().whenOpen(fetchDone);
            return;
        }
        int count = ring.fetchable();
        if (count > 0) {
            context.request(core.nextChore());
            if (!core.bus().read(ring.fetchAddress(), fetched, 0,
                    count * DescriptorLayout.BYTES)) {
                stop();
                return;
            }
            ring.hold(fetched, count);
        }
        advance();
    }

    private void stop() {
        stopped = true;
        busy = false;
    }

    // ---- one descriptor ------------------------------------------------------------------------

    private long command() {
        return ring.quadword(DescriptorLayout.HIGH);
    }

    private boolean isContext() {
        return TX_DEXT.isSet(command()) && TX_DTYP.of(command()) == TX_DTYP_CONTEXT;
    }

    private int bytes() {
        long command = command();
        return (int) (TX_DEXT.isSet(command) ? TX_EXTENDED_LENGTH : TX_LENGTH).of(command);
    }

    private void gathered() {
        if (isContext()) {
            offload = ring.quadword(0);
            finish();
            return;
        }
        if (!core.bus().isOpen()) {
            core.bus().whenOpen(gathered);
            return;
        }
        if (token == 0) {
            token = context.request(number);
            checksums = command();
        } else {
            context.resume(token);
        }
        if (!gather(ring.quadword(0), bytes())) {
            stop();
        } else if (TX_EOP.isSet(command())) {
            context.schedule((long) (Math.max(length, LEAST) + OVERHEAD_BYTES) * NANOS_PER_BYTE,
                    sent);
        } else {
            finish();
        }
    }

    private boolean gather(long address, int bytes) {
        for (int at = 0; at < bytes;) {
            boolean room = length < LONGEST && !tooLong;
            int part = Math.min(bytes - at, room ? LONGEST - length : LONGEST);
            if (!core.bus().read(address + at, room ? frame : beyond, room ? length : 0, part)) {
                return false;
            }
            length += room ? part : 0;
            tooLong |= !room;
            at += part;
        }
        return true;
    }

    private void sent() {
        context.resume(token);
        insertChecksums();
        if (TCTL_PSP.isSet(core.registers().get(TCTL))) {
            for (; length < LEAST; length++) {
                frame[length] = 0;
            }
        }
        if (length > 0 && !tooLong) {
            core.statistics().transmitted(length);
            if (!loopback.take(frame, length)) {
                context.store(Medium.FRAMES, number, frame, 0, length);
            }
        }
        number++;
        length = 0;
        tooLong = false;
        finish();
    }

    /** The descriptor in hand is done: it is written back if it asks for that. */
    private void finish() {
        if (TX_RS.isSet(command())) {
            context.schedule(WRITE_BACK_NANOS, writtenBack);
        } else {
            release();
        }
    }

    private void writtenBack() {
        if (!core.bus().isOpen()) {
            core.bus().whenOpen(writtenBack);
            return;
        }
        if (token != 0) {
            context.resume(token);
        }
        long command = command();
        ring.quadword(DescriptorLayout.HIGH, command | TX_DD.mask());
        if (ring.size() > 0) {
            core.bus().write(ring.address(0) + DescriptorLayout.TX_STATUS, ring.slots(),
                    ring.firstUsed() + DescriptorLayout.TX_STATUS,
                    DescriptorLayout.TX_STATUS_BYTES);
        }
        if (TX_IDE.isSet(command) && core.registers().get(TIDV) != 0) {
            if (!delayed) {
                delayed = true;
                context.schedule(core.registers().get(TIDV) * DELAY_UNIT_NANOS, delayOver);
            }
            release();
        } else {
            release();
            core.causes().raise(written());
        }
    }

    private void delayOver() {
        delayed = false;
        core.causes().raise(written());
    }

    private long written() {
        return ICR_TXDW.mask() | (ring.left() == 0 ? ICR_TXQE.mask() : 0)
                | (core.isExpress() ? ICR_TXQ0.mask() : 0);
    }

    private void release() {
        if (TX_EOP.isSet(command()) && !isContext()) {
            token = 0;
        }
        ring.use();
        ring.release(1);
        advance();
    }

    // ---- checksums -----------------------------------------------------------------------------

    private void insertChecksums() {
        long command = command();
        if (!TX_DEXT.isSet(command)) {
            if (TX_IC.isSet(command)) {
                insertChecksum(frame, length, TX_CSS.of(command), TX_CSO.of(command), 0);
            }
            return;
        }
        if (TX_IXSM.isSet(checksums)) {
            insertChecksum(frame, length, DescriptorLayout.IPCSS.of(offload),
                    DescriptorLayout.IPCSO.of(offload), DescriptorLayout.IPCSE.of(offload));
        }
        if (TX_TXSM.isSet(checksums)) {
            insertChecksum(frame, length, DescriptorLayout.TUCSS.of(offload),
                    DescriptorLayout.TUCSO.of(offload), DescriptorLayout.TUCSE.of(offload));
        }
    }

    /**
     * Puts the sum over a part of a frame, one's complement, where it belongs; nothing if that is
     * not within the frame.
     *
     * @param start first byte summed
     * @param at where it goes, 2 bytes
     * @param end last byte summed; 0 for that of the frame
     */
    private static void insertChecksum(byte[] frame, int length, long start, long at, long end) {
        if (at + 1 >= length || start >= length) {
            return;
        }
        int stop = end == 0 ? length : (int) Math.min(length, end + 1);
        int sum = 0;
        for (int i = (int) start; i < stop; i++) {
            int octet = frame[i] & 0xff;
            sum += (i - (int) start & 1) == 0 ? octet << 8 : octet;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        sum = (sum & 0xffff) + (sum >>> 16);
        frame[(int) at] = (byte) (~sum >>> 8);
        frame[(int) at + 1] = (byte) ~sum;
    }
}
