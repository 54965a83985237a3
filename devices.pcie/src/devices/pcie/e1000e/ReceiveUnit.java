// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicLayout.GRAN;
import static devices.pcie.e1000e.NicLayout.HTHRESH;
import static devices.pcie.e1000e.NicLayout.ICR_RXDMT0;
import static devices.pcie.e1000e.NicLayout.ICR_RXO;
import static devices.pcie.e1000e.NicLayout.ICR_RXQ0;
import static devices.pcie.e1000e.NicLayout.ICR_RXT0;
import static devices.pcie.e1000e.NicLayout.PTHRESH;
import static devices.pcie.e1000e.NicLayout.RCTL;
import static devices.pcie.e1000e.NicLayout.RCTL_BSEX;
import static devices.pcie.e1000e.NicLayout.RCTL_BSIZE;
import static devices.pcie.e1000e.NicLayout.RCTL_EN;
import static devices.pcie.e1000e.NicLayout.RCTL_LPE;
import static devices.pcie.e1000e.NicLayout.RCTL_RDMTS;
import static devices.pcie.e1000e.NicLayout.RCTL_SECRC;
import static devices.pcie.e1000e.NicLayout.RDTR;
import static devices.pcie.e1000e.NicLayout.RFCTL;
import static devices.pcie.e1000e.NicLayout.RFCTL_EXSTEN;
import static devices.pcie.e1000e.NicLayout.RXDCTL;
import static devices.pcie.e1000e.NicLayout.WTHRESH;

import iommu.api.bits.BitField;
import iommu.api.pcie.DeviceContext;
import java.util.zip.CRC32;

/**
 * Receiving: descriptors are prefetched and held; a frame that has passed the filter waits in the
 * packet buffer for one, is written where the descriptor says, then the descriptor is written
 * back, then the interrupt follows, each in an event of its own. The head moves with the
 * write-back.
 *
 * <p>It believes what it fetched. An aborted fetch ends fetching until a reset; what is held is
 * still used. While requests may not leave it tries again every 10 ms.
 *
 * <p>Source: 82574 datasheet, "Receive Functionality"; packet split is not modelled, nor a second
 * queue.
 */
final class ReceiveUnit {

    /** From asking for descriptors to having them; from data to write-back; to the interrupt. */
    private static final long FETCH_NANOS = 1000;
    private static final long WRITE_BACK_NANOS = 200;
    private static final long INTERRUPT_NANOS = 200;
    private static final long DELAY_UNIT_NANOS = 1024;

    /** A frame with a VLAN tag, without check sequence; and what long ones may have. */
    private static final int LONGEST = 1518;
    private static final int LONGEST_LPE = 16_288;
    private static final int LEAST = 60;
    private static final int CHECK_SEQUENCE_BYTES = 4;
    private static final int LARGEST_BUFFER = 2048;
    private static final int EXTENSION = 16;
    /** Descriptors in a cache line, which thresholds count without GRAN. */
    private static final int LINE_DESCRIPTORS = 4;

    private final NicCore core;
    private final DeviceContext context;
    private final DescriptorRing ring;
    private final ReceiveFilter filter;
    private final PacketBuffer packets;
    private final byte[] fetched = new byte[DescriptorRing.ON_CHIP * DescriptorLayout.BYTES];
    private final byte[] incoming = new byte[LONGEST_LPE + CHECK_SEQUENCE_BYTES];
    private final byte[] frame = new byte[LONGEST_LPE + CHECK_SEQUENCE_BYTES];
    private final CRC32 checkSequence = new CRC32();
    private Runnable fetchDone;
    private Runnable moved;
    private Runnable writtenBack;
    private Runnable delayOver;
    private Runnable told;
    private int length;
    private int done;
    private int token;
    private boolean fetching;
    private boolean moving;
    private boolean writing;
    private boolean delayed;
    private boolean stopped;
    private boolean tells;
    private long causes;

    ReceiveUnit(NicCore core, PacketBuffer packets) {
        this.core = core;
        this.packets = packets;
        context = core.context();
        filter = new ReceiveFilter(core.registers());
        ring = new DescriptorRing(core.registers(), NicLayout.RDBAL, NicLayout.RDBAH,
                NicLayout.RDLEN, NicLayout.RDH, NicLayout.RDT);
        reset();
    }

    void reset() {
        fetchDone = core.whileLive(this::fetchDone);
        moved = core.whileLive(this::moved);
        writtenBack = core.whileLive(this::writtenBack);
        delayOver = core.whileLive(this::delayOver);
        told = core.whileLive(this::told);
        ring.keep(0);
        packets.clear();
        length = done = 0;
        fetching = moving = writing = delayed = stopped = tells = false;
        causes = 0;
    }

    boolean isEnabled() {
        return RCTL_EN.isSet(core.registers().get(RCTL));
    }

    /** Returns whether frames are neither taken nor written until the driver does something. */
    boolean isExhausted() {
        return !isEnabled() || stopped && ring.held() == 0 || ring.left() == 0;
    }

    /** Follows a write to RCTL; one that ends receiving lets the frame in hand finish. */
    void controlWritten() {
        if (isEnabled()) {
            proceed();
        } else {
            ring.keep(moving ? 1 : 0);
            packets.clear();
            length = moving ? length : 0;
        }
    }

    /** Follows a write to the head, which drivers do with receiving off. */
    void headWritten() {
        ring.keep(moving ? 1 : 0);
    }

    /** Follows a write to the tail. */
    void proceed() {
        fetch();
        move();
    }

    /**
     * Takes a frame from the wire, or one that loops back.
     *
     * @return false if it found no room
     */
    boolean receive(byte[] from, int bytes) {
        boolean large = RCTL_LPE.isSet(core.registers().get(RCTL));
        boolean fits = bytes <= (large ? LONGEST_LPE : LONGEST);
        if (!isEnabled() || !fits || !filter.accepts(from)) {
            return true;
        }
        boolean lost = core.options().wholeTransfers() && isExhausted();
        System.arraycopy(from, 0, incoming, 0, bytes);
        int sent = bytes;
        for (; sent < LEAST; sent++) {
            incoming[sent] = 0;
        }
        if (lost || !packets.offer(incoming, sent)) {
            core.statistics().missed(1);
            core.causes().raise(ICR_RXO.mask());
            return false;
        }
        core.statistics().received(ReceiveFilter.destination(from), sent);
        proceed();
        return true;
    }

    // ---- descriptors ---------------------------------------------------------------------------

    private long threshold(BitField field) {
        long control = core.registers().get(RXDCTL);
        return field.of(control) * (GRAN.isSet(control) ? 1 : LINE_DESCRIPTORS);
    }

    private long writeBackThreshold() {
        return core.options().wholeTransfers() ? 1 : Math.max(1, threshold(WTHRESH));
    }

    private int wanted() {
        if (!isEnabled() || stopped || length == 0 && packets.isEmpty()
                && core.options().wholeTransfers()) {
            return 0;
        }
        int most = ring.fetchable();
        if (ring.held() == 0) {
            return core.options().wholeTransfers() ? Math.min(most, 1) : most;
        }
        boolean ahead = !core.options().wholeTransfers() && ring.held() < threshold(PTHRESH)
                && ring.available() >= Math.max(1, threshold(HTHRESH));
        return ahead ? most : 0;
    }

    private void fetch() {
        if (!fetching && wanted() > 0) {
            fetching = true;
            context.schedule(FETCH_NANOS, fetchDone);
        }
    }

    private void fetchDone() {
        if (!core.bus().isOpen()) {
            core.bus().whenOpen(fetchDone);
            return;
        }
        fetching = false;
        int count = wanted();
        if (count == 0) {
            return;
        }
        context.request(core.nextChore());
        if (!core.bus().read(ring.fetchAddress(), fetched, 0, count * DescriptorLayout.BYTES)) {
            stopped = true;
            return;
        }
        ring.hold(fetched, count);
        proceed();
    }

    // ---- data ----------------------------------------------------------------------------------

    private void move() {
        if (moving || ring.held() == 0 || length == 0 && packets.isEmpty()) {
            return;
        }
        if (length == 0) {
            length = packets.take(frame);
            done = 0;
            if (!RCTL_SECRC.isSet(core.registers().get(RCTL))) {
                appendCheckSequence();
            }
        }
        moving = true;
        context.schedule(core.link().nanos(Math.min(bufferBytes(), length - done)), moved);
    }

    private void appendCheckSequence() {
        checkSequence.reset();
        checkSequence.update(frame, 0, length);
        long value = checkSequence.getValue();
        for (int i = 0; i < CHECK_SEQUENCE_BYTES; i++) {
            frame[length++] = (byte) (value >>> 8 * i);
        }
    }

    private int bufferBytes() {
        long control = core.registers().get(RCTL);
        int size = LARGEST_BUFFER >> RCTL_BSIZE.of(control);
        return RCTL_BSEX.isSet(control) && RCTL_BSIZE.of(control) != 0 ? size * EXTENSION : size;
    }

    private void moved() {
        if (ring.held() == 0) {
            moving = false;
            return;
        }
        if (!core.bus().isOpen()) {
            core.bus().whenOpen(moved);
            return;
        }
        if (done == 0) {
            token = context.request(core.nextChore());
        } else {
            context.resume(token);
        }
        long address = ring.quadword(0);
        int bytes = address == 0 ? 0 : Math.min(bufferBytes(), length - done);
        core.bus().write(address, frame, done, bytes);
        done += bytes;
        fill(bytes, done == length);
        ring.use();
        moving = false;
        if (done == length) {
            length = 0;
            frameMoved();
        } else {
            length = isEnabled() ? length : 0;
            writeBackAt(writeBackThreshold());
        }
        proceed();
    }

    /** A frame is written: its descriptors are written back now, or as RDTR says. */
    private void frameMoved() {
        if (core.registers().get(RDTR) == 0) {
            tells = true;
            writeBackAt(1);
            return;
        }
        if (!delayed) {
            delayed = true;
            context.schedule(core.registers().get(RDTR) * DELAY_UNIT_NANOS, delayOver);
        }
        writeBackAt(writeBackThreshold());
    }

    private void delayOver() {
        delayed = false;
        tells = true;
        if (ring.used() == 0 && !writing) {
            tell(0);
        } else {
            writeBackAt(1);
        }
    }

    private void fill(int bytes, boolean last) {
        boolean group = ReceiveFilter.destination(frame) == ReceiveFilter.GROUP;
        if (core.isExpress() && RFCTL_EXSTEN.isSet(core.registers().get(RFCTL))) {
            long high = DescriptorLayout.RX_EXTENDED_DD.mask()
                    | (last ? DescriptorLayout.RX_EXTENDED_EOP.mask() : 0)
                    | (last && group ? DescriptorLayout.RX_EXTENDED_PIF.mask() : 0);
            ring.quadword(0, 0);
            ring.quadword(DescriptorLayout.HIGH,
                    DescriptorLayout.RX_EXTENDED_LENGTH.with(high, bytes));
            return;
        }
        long high = DescriptorLayout.RX_DD.mask() | (last ? DescriptorLayout.RX_EOP.mask() : 0)
                | (last && !core.isExpress() ? DescriptorLayout.RX_IXSM.mask() : 0)
                | (last && group ? DescriptorLayout.RX_PIF.mask() : 0);
        ring.quadword(DescriptorLayout.HIGH, DescriptorLayout.RX_LENGTH.with(high, bytes));
    }

    // ---- write-back ----------------------------------------------------------------------------

    private void writeBackAt(long count) {
        if (!writing && ring.used() >= count) {
            writing = true;
            context.schedule(WRITE_BACK_NANOS, writtenBack);
        }
    }

    private void writtenBack() {
        if (!core.bus().isOpen()) {
            core.bus().whenOpen(writtenBack);
            return;
        }
        writing = false;
        context.resume(token);
        int before = ring.left();
        while (ring.used() > 0 && ring.size() > 0) {
            int count = core.options().wholeTransfers() ? 1 : ring.together();
            if (core.options().wholeTransfers()) {
                writeTwice();
            } else {
                core.bus().write(ring.address(0), ring.slots(), ring.firstUsed(),
                        count * DescriptorLayout.BYTES);
            }
            ring.release(count);
        }
        tell(lowMark(before));
        proceed();
    }

    /** As emulators do: the descriptor without DD, then its status. */
    private void writeTwice() {
        boolean extended = core.isExpress() && RFCTL_EXSTEN.isSet(core.registers().get(RFCTL));
        int at = ring.firstUsed();
        byte[] slots = ring.slots();
        int status = extended ? DescriptorLayout.RX_EXTENDED_STATUS : DescriptorLayout.RX_STATUS;
        slots[at + status] &= ~1;
        core.bus().write(ring.address(0), slots, at, DescriptorLayout.BYTES);
        slots[at + status] |= 1;
        core.bus().write(ring.address(0) + status, slots, at + status, extended ? 4 : 1);
    }

    /** Returns the cause that few descriptors are left, if the last frame made it so. */
    private long lowMark(int left) {
        int mark = ring.size() >> RCTL_RDMTS.of(core.registers().get(RCTL)) + 1;
        return left == mark ? ICR_RXDMT0.mask() : 0;
    }

    private void tell(long more) {
        if (tells) {
            causes |= ICR_RXT0.mask() | (core.isExpress() ? ICR_RXQ0.mask() : 0);
            tells = false;
        }
        if (causes == 0 && more != 0 || causes != 0) {
            causes |= more;
            context.schedule(INTERRUPT_NANOS, told);
        }
    }

    private void told() {
        long all = causes;
        causes = 0;
        if (all != 0) {
            context.resume(token);
            core.causes().raise(all);
        }
    }
}
