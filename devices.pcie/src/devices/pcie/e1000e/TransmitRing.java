// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;

/**
 * The driver's transmit ring: a frame is one legacy descriptor that asks to be written back.
 *
 * <p>Source: Linux, e1000_tx_queue, e1000_clean_tx_irq, e1000_configure_tx,
 * E1000_TXDCTL_DMA_BURST_ENABLE.
 */
final class TransmitRing {

    private static final int PAGE_BYTES = 4096;
    private static final int MOST = 256;
    private static final long BURST = 0x0105_011fL;
    private static final long INTERRUPT_DELAY = 8;
    /** Enabled, short frames padded, collision threshold and distance as Linux has them. */
    private static final long CONTROL = 0x0003_f0faL;
    private static final long COMMAND = DescriptorLayout.TX_EOP.mask()
            | DescriptorLayout.TX_IFCS.mask() | DescriptorLayout.TX_RS.mask()
            | DescriptorLayout.TX_IDE.mask();
    /** To everybody, from 02:00:00:00:00:02, of the type for local experiments. */
    private static final long HEADER_LOW = 0x0002_ffff_ffff_ffffL;
    private static final long HEADER_HIGH = 0xb588_0200_0000L;

    private final DriverPort port;
    private final NicRegisters registers;
    private final boolean express;
    private final DmaBuffer ring;
    private final int count;
    private final DmaBuffer[] owned;
    private int toUse;
    private int toClean;
    private long number;

    TransmitRing(DriverPort port, Chip chip, DmaBuffer ring) {
        this.port = port;
        this.ring = ring;
        express = chip.isExpress();
        registers = new NicRegisters(port.function());
        count = Math.min(MOST, ring.bytes() / DescriptorLayout.BYTES);
        owned = new DmaBuffer[count];
    }

    /** Programs the chip and enables transmitting. */
    void open() {
        registers.write(NicLayout.TDBAL, ring.iova());
        registers.write(NicLayout.TDBAH, ring.iova() >>> 32);
        registers.write(NicLayout.TDLEN, (long) count * DescriptorLayout.BYTES);
        registers.write(NicLayout.TDH, 0);
        registers.write(NicLayout.TDT, 0);
        registers.write(NicLayout.TIDV, INTERRUPT_DELAY);
        if (express) {
            registers.write(NicLayout.TXDCTL, BURST);
        }
        registers.write(NicLayout.TCTL, CONTROL);
    }

    /** Sends a page of its own, mapped for just this frame; nothing if the ring is full. */
    void send(int bytes) {
        if ((toUse + 1) % count == toClean) {
            return;
        }
        long page = port.allocatePage();
        port.write64(page, HEADER_LOW);
        port.write64(page + 8, HEADER_HIGH | number << 48);
        post(port.map(page, PAGE_BYTES, Access.READ), bytes, true);
    }

    /**
     * Sends what a buffer holds.
     *
     * @param own whether the buffer is unmapped and its page given back when it is sent
     */
    void post(DmaBuffer buffer, int bytes, boolean own) {
        long at = ring.physicalAddress() + (long) toUse * DescriptorLayout.BYTES;
        port.write64(at, buffer.iova());
        port.write64(at + DescriptorLayout.HIGH, COMMAND | bytes);
        owned[toUse] = own ? buffer : null;
        port.posted(number, Medium.FRAMES);
        number++;
        toUse = (toUse + 1) % count;
        registers.write(NicLayout.TDT, toUse);
    }

    /** Gives back what has been sent. */
    void clean() {
        while (toClean != toUse && DescriptorLayout.TX_DD.isSet(port.read64(
                ring.physicalAddress() + (long) toClean * DescriptorLayout.BYTES
                        + DescriptorLayout.HIGH))) {
            DmaBuffer buffer = owned[toClean];
            if (buffer != null) {
                port.unmap(buffer);
                port.freePage(buffer.physicalAddress());
                owned[toClean] = null;
            }
            toClean = (toClean + 1) % count;
        }
    }
}
