// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.DEVICE_BITS;
import static devices.pcie.ahci.AhciLayout.DEVICE_BITS_AT;
import static devices.pcie.ahci.AhciLayout.DEVICE_TO_HOST;
import static devices.pcie.ahci.AhciLayout.DMA_SETUP;
import static devices.pcie.ahci.AhciLayout.DMA_SETUP_AT;
import static devices.pcie.ahci.AhciLayout.FIS_BYTES;
import static devices.pcie.ahci.AhciLayout.FIS_INTERRUPT;
import static devices.pcie.ahci.AhciLayout.FIS_TO_MEMORY;
import static devices.pcie.ahci.AhciLayout.PIO_SETUP;
import static devices.pcie.ahci.AhciLayout.PIO_SETUP_AT;
import static devices.pcie.ahci.AhciLayout.REGISTER_AT;

import iommu.api.pcie.DmaPort;
import java.util.Arrays;

/**
 * The way of FISes from the disk to the received FIS area of a port, whose address was taken when
 * the port began to receive. One thread.
 *
 * <p>Source: AHCI 1.3.1, "Received FIS Structure"; Serial ATA, "FIS Types".
 */
final class ReceivedFis {

    private static final int BITS_BYTES = 8;
    private static final int DMA_BYTES = 28;

    private final DmaPort dma;
    private final long area;
    private final byte[] fis = new byte[DMA_BYTES];

    ReceivedFis(DmaPort dma, long area) {
        this.dma = dma;
        this.area = area;
    }

    /** Takes a register FIS with the registers of the disk. */
    void register(AtaDisk disk, boolean interrupt) {
        registers(DEVICE_TO_HOST, interrupt ? FIS_INTERRUPT : 0, disk, disk.status());
        dma.write(area + REGISTER_AT, fis, 0, FIS_BYTES);
    }

    /**
     * Takes a PIO setup FIS.
     *
     * @param endStatus status once the data has moved
     */
    void pioSetup(AtaDisk disk, boolean toMemory, boolean interrupt, int endStatus, int bytes) {
        registers(PIO_SETUP, (interrupt ? FIS_INTERRUPT : 0) | (toMemory ? FIS_TO_MEMORY : 0),
                disk, disk.status() | (int) AhciLayout.DRQ.mask());
        fis[15] = (byte) endStatus;
        fis[16] = (byte) bytes;
        fis[17] = (byte) (bytes >>> 8);
        dma.write(area + PIO_SETUP_AT, fis, 0, FIS_BYTES);
    }

    /** Takes a DMA setup FIS of a queued command. */
    void dmaSetup(int tag, boolean toMemory, int bytes) {
        Arrays.fill(fis, (byte) 0);
        fis[0] = DMA_SETUP;
        fis[1] = (byte) (toMemory ? FIS_TO_MEMORY : 0);
        fis[4] = (byte) tag;
        for (int i = 0; i < Integer.BYTES; i++) {
            fis[20 + i] = (byte) (bytes >>> 8 * i);
        }
        dma.write(area + DMA_SETUP_AT, fis, 0, DMA_BYTES);
    }

    /**
     * Takes a set device bits FIS.
     *
     * @param done the queued commands that are done, a bit a tag
     */
    void deviceBits(AtaDisk disk, int done) {
        fis[0] = (byte) DEVICE_BITS;
        fis[1] = FIS_INTERRUPT;
        fis[2] = (byte) (disk.status() & ~AtaDisk.NOT_DEVICE_BITS);
        fis[3] = (byte) disk.error();
        for (int i = 0; i < Integer.BYTES; i++) {
            fis[4 + i] = (byte) (done >>> 8 * i);
        }
        dma.write(area + DEVICE_BITS_AT, fis, 0, BITS_BYTES);
    }

    private void registers(int type, int flags, AtaDisk disk, int status) {
        Arrays.fill(fis, (byte) 0);
        disk.registers(fis);
        fis[0] = (byte) type;
        fis[1] = (byte) flags;
        fis[2] = (byte) status;
        fis[3] = (byte) disk.error();
    }
}
