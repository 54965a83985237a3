// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import devices.pcie.link.LittleEndian;
import devices.pcie.link.Timer;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;
import java.util.Arrays;

/**
 * A disk by bulk-only transport: a command block goes out, data in either direction, a status comes
 * in. It reads and writes sectors of 512 bytes; what is written is on the medium as it arrives. One
 * thread.
 *
 * <p>Source: USB Mass Storage Class, Bulk-Only Transport 1.0; SCSI Block Commands, READ (10), WRITE
 * (10), READ CAPACITY (10); SCSI Primary Commands, INQUIRY, TEST UNIT READY.
 */
public final class BulkOnlyDisk {

    /** Of a command block wrapper. */
    public static final int COMMAND_BYTES = 31;
    /** Of a command status wrapper. */
    public static final int STATUS_BYTES = 13;
    static final int COMMAND_SIGNATURE = 0x4342_5355;
    static final int STATUS_SIGNATURE = 0x5342_5355;
    static final int READ = 0x28;
    static final int WRITE = 0x2a;
    private static final int TEST_UNIT_READY = 0x00;
    private static final int INQUIRY = 0x12;
    private static final int READ_CAPACITY = 0x25;
    private static final int INQUIRY_BYTES = 36;
    private static final int SECTOR = Medium.SECTOR_BYTES;
    private static final long SECTORS = 1L << 24;
    private static final int CDB = 15;

    private enum Stage { COMMAND, TO_DISK, FROM_DISK, STATUS }

    private final DeviceContext context;
    private final Timer medium;
    private final long mediumNanos;
    private final byte[] sector = new byte[SECTOR];
    private Stage stage = Stage.COMMAND;
    private byte[] answer;
    private long tag;
    private long position;
    private long left;
    private long missing;
    private int filled;
    private int status;

    BulkOnlyDisk(DeviceContext context, long mediumNanos, Runnable ready) {
        this.context = context;
        this.mediumNanos = mediumNanos;
        medium = new Timer(context, ready);
    }

    void reset() {
        stage = Stage.COMMAND;
        medium.cancel();
        filled = 0;
        left = 0;
    }

    int out(byte[] from, int bytes) {
        if (stage == Stage.TO_DISK) {
            return store(from, bytes);
        }
        if (stage != Stage.COMMAND || bytes != COMMAND_BYTES
                || LittleEndian.dword(from, 0) != COMMAND_SIGNATURE) {
            return AttachedDevice.STALLS;
        }
        begin(from);
        return bytes;
    }

    private void begin(byte[] from) {
        tag = LittleEndian.dword(from, 4);
        left = LittleEndian.dword(from, 8);
        position = Integer.toUnsignedLong(Integer.reverseBytes(
                (int) LittleEndian.dword(from, CDB + 2)));
        answer = null;
        filled = 0;
        missing = 0;
        status = 0;
        switch (from[CDB] & 0xff) {
            case READ -> stage = isWithin() ? Stage.FROM_DISK : refused();
            case WRITE -> stage = !isWithin() ? refused()
                    : left > 0 ? Stage.TO_DISK : Stage.STATUS;
            case INQUIRY -> answer(new byte[INQUIRY_BYTES]);
            case READ_CAPACITY -> answer(new byte[] {0, -1, -1, -1, 0, 0, SECTOR >> 8, 0});
            case TEST_UNIT_READY -> stage = Stage.STATUS;
            default -> stage = refused();
        }
        if (stage != Stage.TO_DISK) {
            medium.set(answer == null ? mediumNanos : 1);
        }
    }

    private boolean isWithin() {
        return position < SECTORS && position + (left + SECTOR - 1) / SECTOR <= SECTORS;
    }

    private Stage refused() {
        status = 1;
        return Stage.STATUS;
    }

    private void answer(byte[] bytes) {
        answer = bytes;
        missing = Math.max(0, left - bytes.length);
        left -= missing;
        stage = Stage.FROM_DISK;
    }

    /** Puts what arrives on the medium, sector by sector; more than the command says stalls. */
    private int store(byte[] from, int bytes) {
        int takes = (int) Math.min(bytes, left);
        for (int at = 0; at < takes;) {
            int part = Math.min(SECTOR - filled, takes - at);
            System.arraycopy(from, at, sector, filled, part);
            filled += part;
            at += part;
            if (filled == SECTOR) {
                filled = 0;
                context.store(Medium.BLOCKS, position++, sector, 0, SECTOR);
            }
        }
        left -= takes;
        if (left == 0) {
            stage = Stage.STATUS;
            medium.set(mediumNanos);
        }
        return takes < bytes ? AttachedDevice.STALLS : bytes;
    }

    int in(byte[] to, int most) {
        if (medium.isSet() || stage == Stage.COMMAND || stage == Stage.TO_DISK) {
            return AttachedDevice.NOT_READY;
        }
        if (stage == Stage.FROM_DISK && left > 0) {
            return give(to, (int) Math.min(most, left));
        }
        stage = Stage.COMMAND;
        Arrays.fill(to, 0, STATUS_BYTES, (byte) 0);
        LittleEndian.putDword(to, 0, STATUS_SIGNATURE);
        LittleEndian.putDword(to, 4, tag);
        LittleEndian.putDword(to, 8, left + missing);
        to[STATUS_BYTES - 1] = (byte) status;
        return Math.min(most, STATUS_BYTES);
    }

    private int give(byte[] to, int bytes) {
        if (answer != null) {
            System.arraycopy(answer, answer.length - (int) left, to, 0, bytes);
        } else {
            read(to, bytes);
        }
        left -= bytes;
        return bytes;
    }

    /** Gives of the medium from where the last piece ended, which may be within a sector. */
    private void read(byte[] to, int bytes) {
        for (int at = 0; at < bytes;) {
            if (filled == 0) {
                context.fetch(Medium.BLOCKS, position++, sector, 0, SECTOR);
            }
            int part = Math.min(SECTOR - filled, bytes - at);
            System.arraycopy(sector, filled, to, at, part);
            filled = (filled + part) % SECTOR;
            at += part;
        }
    }
}
