// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.Medium;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import kdump.lab.api.LabException;
import kdump.lab.qtest.options.Drive;

/**
 * The sectors of a {@link Drive}. What is beyond its end, and what cannot be read, is zero; what
 * cannot be written is dropped. A file stays open as long as the machine runs. One thread.
 */
final class Disk {

    private final FileChannel file;
    private final long sectors;
    private final boolean readOnly;

    /**
     * Opens a drive.
     *
     * @param drive null for none, which has no sectors
     * @throws LabException if its file cannot be opened
     */
    Disk(Drive drive) throws LabException {
        sectors = drive == null ? 0 : drive.sectors();
        readOnly = drive == null || drive.readOnly();
        if (drive == null || drive.file() == null) {
            file = null;
            return;
        }
        try {
            file = readOnly ? FileChannel.open(drive.file(), StandardOpenOption.READ)
                    : FileChannel.open(drive.file(), StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new LabException(drive.file() + ": " + e.getMessage(), e);
        }
    }

    /** Returns how many sectors it has. */
    long sectors() {
        return sectors;
    }

    /** Reads from a sector on. */
    void read(long sector, byte[] to, int offset, int bytes) {
        Arrays.fill(to, offset, offset + bytes, (byte) 0);
        ByteBuffer left = within(sector, to, offset, bytes);
        long at = sector * Medium.SECTOR_BYTES;
        try {
            for (int n = 0; n >= 0 && left.hasRemaining(); at += n) {
                n = file.read(left, at);
            }
        } catch (IOException e) {
            throw new IllegalStateException("sector " + sector + ": " + e.getMessage(), e);
        }
    }

    /** Writes from a sector on. */
    void write(long sector, byte[] from, int offset, int bytes) {
        if (readOnly) {
            return;
        }
        ByteBuffer left = within(sector, from, offset, bytes);
        long at = sector * Medium.SECTOR_BYTES;
        try {
            while (left.hasRemaining()) {
                at += file.write(left, at);
            }
        } catch (IOException e) {
            throw new IllegalStateException("sector " + sector + ": " + e.getMessage(), e);
        }
    }

    /** Returns what lies on the disk; nothing if there is no file. */
    private ByteBuffer within(long sector, byte[] bytes, int offset, int count) {
        long there = file == null || sector < 0 || sector >= sectors ? 0
                : (sectors - sector) * Medium.SECTOR_BYTES;
        return ByteBuffer.wrap(bytes, offset, (int) Math.min(count, there));
    }
}
