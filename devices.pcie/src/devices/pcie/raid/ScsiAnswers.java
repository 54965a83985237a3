// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import iommu.api.pcie.Medium;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What the firmware says of the controller and its volume, without asking the disks. Stateless.
 *
 * <p>Source: SCSI Primary Commands, "INQUIRY command", "REPORT LUNS command"; SCSI Block Commands,
 * "READ CAPACITY (10) command"; CISS Command Interface for SCSI-3 Support Open Specification,
 * "Report Logical LUNs".
 */
final class ScsiAnswers {

    /** There is no such command. */
    static final int UNKNOWN = -1;
    /** The command asks for something that there is not. */
    static final int BAD_FIELD = -2;

    private static final int MOST_BYTES = 512;
    private static final int INQUIRY_BYTES = 36;
    private static final int DIRECT_ACCESS = 0x00;
    private static final int ARRAY_CONTROLLER = 0x0c;
    private static final int SPC_3 = 5;
    private static final int RESPONSE_FORMAT = 2;
    private static final int PAGE_SUPPORTED = 0x00;
    private static final int PAGE_DEVICE_ID = 0x83;
    private static final byte[] VENDOR = "HP      ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] VOLUME = "LOGICAL VOLUME  ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CONTROLLER = "SMART ARRAY     ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] REVISION = "1.00".getBytes(StandardCharsets.US_ASCII);
    private static final int LUN_BYTES = 8;
    /** Of a logical volume's LUN: its fourth byte. */
    private static final byte LOGICAL = 0x40;

    private ScsiAnswers() { }

    /** Answers for the volume; returns how many bytes of {@code data} are the answer. */
    static int ofVolume(Command command, byte[] data) {
        Arrays.fill(data, 0, MOST_BYTES, (byte) 0);
        return switch (command.cdb8(0)) {
            case CommandLayout.TEST_UNIT_READY -> 0;
            case CommandLayout.INQUIRY -> inquiry(command, data, DIRECT_ACCESS, VOLUME);
            case CommandLayout.REPORT_LUNS -> limit(report(data, 1), command.cdb32(6));
            case CommandLayout.READ_CAPACITY_10 -> capacity10(data);
            case CommandLayout.SERVICE_ACTION_IN_16 -> (command.cdb8(1) & 0x1f)
                    == CommandLayout.READ_CAPACITY_16
                    ? limit(capacity16(data), command.cdb32(10)) : BAD_FIELD;
            default -> UNKNOWN;
        };
    }

    /** Answers for the controller; returns how many bytes of {@code data} are the answer. */
    static int ofController(Command command, byte[] data) {
        Arrays.fill(data, 0, MOST_BYTES, (byte) 0);
        return switch (command.cdb8(0)) {
            case CommandLayout.TEST_UNIT_READY -> 0;
            case CommandLayout.INQUIRY -> inquiry(command, data, ARRAY_CONTROLLER, CONTROLLER);
            case CommandLayout.REPORT_LOGICAL_LUNS -> {
                int bytes = report(data, 1);
                data[LUN_BYTES + 3] = LOGICAL;
                yield limit(bytes, command.cdb32(6));
            }
            case CommandLayout.REPORT_PHYSICAL_LUNS ->
                    limit(report(data, 0), command.cdb32(6));
            case CommandLayout.BMIC_READ -> bmicRead(command, data);
            default -> UNKNOWN;
        };
    }

    private static int limit(int bytes, long allocated) {
        return (int) Math.min(bytes, allocated);
    }

    private static int inquiry(Command command, byte[] data, int type, byte[] product) {
        data[0] = (byte) type;
        boolean vital = (command.cdb8(1) & 1) != 0;
        int bytes = INQUIRY_BYTES;
        if (vital) {
            bytes = vital(command.cdb8(2), data);
        } else if (command.cdb8(2) != 0) {
            return BAD_FIELD;
        } else {
            data[2] = SPC_3;
            data[3] = RESPONSE_FORMAT;
            data[4] = INQUIRY_BYTES - 5;
            System.arraycopy(VENDOR, 0, data, 8, VENDOR.length);
            System.arraycopy(product, 0, data, 16, product.length);
            System.arraycopy(REVISION, 0, data, 32, REVISION.length);
        }
        return bytes == BAD_FIELD ? BAD_FIELD : limit(bytes, command.cdb16(3));
    }

    private static int vital(int page, byte[] data) {
        data[1] = (byte) page;
        switch (page) {
            case PAGE_SUPPORTED -> {
                data[3] = 2;
                data[5] = (byte) PAGE_DEVICE_ID;
                return 6;
            }
            case PAGE_DEVICE_ID -> {
                data[3] = 20;
                data[4] = 1;    // binary
                data[5] = 3;    // NAA
                data[7] = 16;
                data[8] = 0x60; // registered, extended
                data[23] = 1;
                return 24;
            }
            default -> {
                return BAD_FIELD;
            }
        }
    }

    private static int report(byte[] data, int count) {
        data[3] = (byte) (count * LUN_BYTES);
        return LUN_BYTES + count * LUN_BYTES;
    }

    private static int capacity10(byte[] data) {
        ByteBuffer.wrap(data).putInt(0, (int) (ScsiTarget.SECTORS - 1))
                .putInt(4, Medium.SECTOR_BYTES);
        return 8;
    }

    private static int capacity16(byte[] data) {
        ByteBuffer.wrap(data).putLong(0, ScsiTarget.SECTORS - 1).putInt(8, Medium.SECTOR_BYTES);
        return 32;
    }

    private static int bmicRead(Command command, byte[] data) {
        if (command.cdb8(CommandLayout.BMIC_OPERATION) != CommandLayout.IDENTIFY_CONTROLLER) {
            return BAD_FIELD;
        }
        data[0] = 1; // configured logical drives
        return limit(MOST_BYTES, command.cdb16(7));
    }
}
