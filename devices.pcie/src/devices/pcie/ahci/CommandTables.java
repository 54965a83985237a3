// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.FIS_BYTES;
import static devices.pcie.ahci.AhciLayout.FIS_COMMAND;
import static devices.pcie.ahci.AhciLayout.HEADER_BYTES;
import static devices.pcie.ahci.AhciLayout.HOST_TO_DEVICE;
import static devices.pcie.ahci.AhciLayout.LIST_BYTES;
import static devices.pcie.ahci.AhciLayout.PRDT;
import static devices.pcie.ahci.AhciLayout.PRD_BYTES;
import static devices.pcie.ahci.AhciLayout.PRDTL;
import static devices.pcie.ahci.AhciLayout.RECEIVED_BYTES;
import static devices.pcie.ahci.AhciLayout.REGISTER_AT;
import static devices.pcie.ahci.AhciLayout.SLOTS;
import static devices.pcie.ahci.AhciLayout.W;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import java.util.List;

/**
 * A port's memory as its driver lays it out: command list, received FIS area and as many command
 * tables of one descriptor each as the pages take, 11 in one page, up to 32. One thread.
 */
final class CommandTables {

    private static final int PAGE_BYTES = 4096;
    private static final int TABLE_BYTES = 0x100;
    private static final int FIRST_TABLE = LIST_BYTES + RECEIVED_BYTES;
    private static final int FIS_DWORDS = FIS_BYTES / 4;
    private static final int WITH_LBA = 0x40;
    private static final long BUSY_STATUS = 0x80;

    private final DriverPort port;
    private final DmaBuffer first;
    private final DmaBuffer[] tables = new DmaBuffer[SLOTS];
    private final int slots;
    private final byte[] fis = new byte[FIS_BYTES];

    /** @param pages each of 4 KiB, that the device may read and write; at least one */
    CommandTables(DriverPort port, List<DmaBuffer> pages) {
        this.port = port;
        first = pages.get(0);
        int count = 0;
        for (DmaBuffer page : pages) {
            int from = page == first ? FIRST_TABLE : 0;
            for (int at = from; at < PAGE_BYTES && count < SLOTS; at += TABLE_BYTES) {
                tables[count++] = new DmaBuffer(page.iova() + at, page.physicalAddress() + at,
                        TABLE_BYTES);
            }
        }
        slots = count;
    }

    /** Returns how many commands there is room for. */
    int slots() {
        return slots;
    }

    long list() {
        return first.iova();
    }

    long received() {
        return first.iova() + LIST_BYTES;
    }

    /** Has the disk be busy in the received FIS area, so that its next register FIS is seen. */
    void clearReceived() {
        port.write64(first.physicalAddress() + LIST_BYTES + REGISTER_AT, BUSY_STATUS << 16);
    }

    /**
     * Writes a command for one sector range.
     *
     * @param buffer of the data; null for none
     * @param sectors how many
     */
    void command(int slot, int command, long sector, int sectors, DmaBuffer buffer) {
        begin(command);
        for (int i = 0; i < 3; i++) {
            fis[4 + i] = (byte) (sector >>> 8 * i);
            fis[8 + i] = (byte) (sector >>> 24 + 8 * i);
        }
        fis[7] = WITH_LBA;
        boolean queued = AtaDisk.isQueued(command);
        fis[queued ? 3 : 12] = (byte) sectors;
        fis[queued ? 11 : 13] = (byte) (sectors >>> 8);
        if (queued) {
            fis[12] = (byte) (slot << 3);
        }
        write(slot, buffer, sectors * AtaDisk.SECTOR_BYTES,
                command == AtaDisk.WRITE_FPDMA_QUEUED || command == AtaDisk.WRITE_DMA_EXT);
    }

    /** Writes a command without sectors. */
    void command(int slot, int command, int feature, int count, DmaBuffer buffer) {
        begin(command);
        fis[3] = (byte) feature;
        fis[12] = (byte) count;
        fis[7] = (byte) 0xa0;
        write(slot, buffer, AtaDisk.SECTOR_BYTES, false);
    }

    private void begin(int command) {
        java.util.Arrays.fill(fis, (byte) 0);
        fis[0] = HOST_TO_DEVICE;
        fis[1] = (byte) FIS_COMMAND;
        fis[2] = (byte) command;
    }

    private void write(int slot, DmaBuffer buffer, int bytes, boolean toDisk) {
        DmaBuffer table = tables[slot];
        port.write(table.physicalAddress(), fis, 0, FIS_BYTES);
        if (buffer != null) {
            long descriptor = table.physicalAddress() + PRDT;
            port.write64(descriptor, buffer.iova());
            port.write64(descriptor + PRD_BYTES / 2, (long) (bytes - 1) << 32);
        }
        long header = first.physicalAddress() + (long) slot * HEADER_BYTES;
        port.write64(header, PRDTL.with(FIS_DWORDS | (toDisk ? W.mask() : 0),
                buffer == null ? 0 : 1));
        port.write64(header + 8, table.iova());
    }
}
