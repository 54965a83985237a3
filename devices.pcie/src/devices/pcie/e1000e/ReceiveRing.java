// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicLayout.CTRL_SLU;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import java.util.List;

/**
 * The driver's receive ring. All places but one hold buffers of 2 KiB, two a page. The tail is
 * written as Linux does: e1000e at every 16th place filled, e1000 behind each batch; so a chip
 * that is left alone has room for 239 to 254 frames with the one, for 254 with the other.
 *
 * <p>Source: Linux, e1000_alloc_rx_buffers and e1000_clean_rx_irq of both drivers,
 * e1000_configure_rx, E1000_RXDCTL_DMA_BURST_ENABLE.
 */
final class ReceiveRing {

    private static final int BUFFER_BYTES = 2048;
    private static final int PAGE_BYTES = 4096;
    private static final int MOST = 256;
    private static final int TAIL_EVERY = 16;
    private static final long BURST = 0x0104_0420L;
    private static final long BURST_DELAY = 0x20;
    /** Enabled, broadcasts accepted; buffers of 2 KiB are the default. */
    private static final long CONTROL =
            NicLayout.RCTL_EN.mask() | NicLayout.RCTL_BAM.mask();

    private final DriverPort port;
    private final NicRegisters registers;
    private final boolean express;
    private final DmaBuffer ring;
    private final int count;
    private final DmaBuffer[] owned;
    private final long[] pages;
    private List<DmaBuffer> lent = List.of();
    private int toUse;
    private int toClean;
    private long frames;

    ReceiveRing(DriverPort port, Chip chip, DmaBuffer ring) {
        this.port = port;
        this.ring = ring;
        express = chip.isExpress();
        registers = new NicRegisters(port.function());
        count = Math.min(MOST, ring.bytes() / DescriptorLayout.BYTES);
        owned = new DmaBuffer[count];
        pages = new long[count / 2];
    }

    /** Programs the chip, fills the ring from these pages, and enables receiving. */
    void open(List<DmaBuffer> from) {
        lent = from;
        registers.write(NicLayout.RCTL, 0);
        registers.write(NicLayout.RDBAL, ring.iova());
        registers.write(NicLayout.RDBAH, ring.iova() >>> 32);
        registers.write(NicLayout.RDLEN, (long) count * DescriptorLayout.BYTES);
        registers.write(NicLayout.RDH, 0);
        registers.write(NicLayout.RDT, 0);
        if (express) {
            registers.write(NicLayout.RXDCTL, BURST);
            registers.write(NicLayout.RDTR, BURST_DELAY);
            registers.write(NicLayout.RADV, BURST_DELAY);
            registers.write(NicLayout.RFCTL, NicLayout.RFCTL_EXSTEN.mask());
        }
        registers.write(NicLayout.CTRL, registers.read(NicLayout.CTRL) | CTRL_SLU.mask());
        registers.write(NicLayout.RCTL,
                CONTROL | (express ? NicLayout.RCTL_SECRC.mask() : 0));
        refill();
        lent = List.of();
    }

    /** Returns how many frames the driver has taken out. */
    long frames() {
        return frames;
    }

    /** Takes out frames that have arrived and fills their places again. */
    void clean() {
        while (toClean != toUse && isDone(toClean)) {
            release(toClean);
            toClean = (toClean + 1) % count;
            frames++;
        }
        refill();
    }

    private boolean isDone(int index) {
        long high = port.read64(at(index) + DescriptorLayout.HIGH);
        return (express ? DescriptorLayout.RX_EXTENDED_DD : DescriptorLayout.RX_DD).isSet(high);
    }

    private long at(int index) {
        return ring.physicalAddress() + (long) index * DescriptorLayout.BYTES;
    }

    private void refill() {
        int before = toUse;
        while ((toUse + 1) % count != toClean) {
            port.write64(at(toUse), buffer(toUse));
            port.write64(at(toUse) + DescriptorLayout.HIGH, 0);
            if (express && toUse % TAIL_EVERY == 0) {
                registers.write(NicLayout.RDT, toUse);
            }
            toUse = (toUse + 1) % count;
        }
        if (!express && toUse != before) {
            registers.write(NicLayout.RDT, (toUse + count - 1) % count);
        }
    }

    /** Returns the address of a place's buffer: one that was mapped before, or half a new page. */
    private long buffer(int index) {
        int half = index % 2 * BUFFER_BYTES;
        if (!lent.isEmpty()) {
            return lent.get(index / 2 % lent.size()).iova() + half;
        }
        if (half == 0 || pages[index / 2] == 0) {
            pages[index / 2] = port.allocatePage();
        }
        owned[index] = port.map(pages[index / 2] + half, BUFFER_BYTES, Access.WRITE);
        return owned[index].iova();
    }

    private void release(int index) {
        if (owned[index] != null) {
            port.unmap(owned[index]);
            owned[index] = null;
        }
        if (index % 2 == 1 && pages[index / 2] != 0) {
            port.freePage(pages[index / 2] & -PAGE_BYTES);
            pages[index / 2] = 0;
        }
    }
}
