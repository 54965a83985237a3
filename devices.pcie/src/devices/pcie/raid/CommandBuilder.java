// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CommandLayout.ATTRIBUTE;
import static devices.pcie.raid.CommandLayout.ATTRIBUTE_HEAD_OF_QUEUE;
import static devices.pcie.raid.CommandLayout.ATTRIBUTE_SIMPLE;
import static devices.pcie.raid.CommandLayout.CDB;
import static devices.pcie.raid.CommandLayout.CDB_BYTES;
import static devices.pcie.raid.CommandLayout.DIRECTION;
import static devices.pcie.raid.CommandLayout.DIRECTION_NONE;
import static devices.pcie.raid.CommandLayout.ENTRIES_IN_LIST;
import static devices.pcie.raid.CommandLayout.ENTRIES_TOTAL;
import static devices.pcie.raid.CommandLayout.ENTRY_ADDRESS;
import static devices.pcie.raid.CommandLayout.ENTRY_BYTES;
import static devices.pcie.raid.CommandLayout.ENTRY_LENGTH;
import static devices.pcie.raid.CommandLayout.ERROR_ADDRESS;
import static devices.pcie.raid.CommandLayout.ERROR_LENGTH;
import static devices.pcie.raid.CommandLayout.LUN;
import static devices.pcie.raid.CommandLayout.LUN_LOGICAL;
import static devices.pcie.raid.CommandLayout.SCATTER_GATHER;
import static devices.pcie.raid.CommandLayout.TAG;
import static devices.pcie.raid.CommandLayout.TYPE;
import static devices.pcie.raid.CommandLayout.TYPE_ATTRIBUTE_DIRECTION;
import static devices.pcie.raid.CommandLayout.TYPE_COMMAND;
import static devices.pcie.raid.CommandLayout.TYPE_MESSAGE;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Builds one command list at a time, with one scatter-gather entry at most. What is built stays
 * until the next one is begun. One thread.
 */
final class CommandBuilder {

    /** Bytes of a command list with one entry. */
    static final int BYTES = SCATTER_GATHER + ENTRY_BYTES;
    private static final int SIXTEEN = 16;

    private final byte[] list = new byte[BYTES];
    private final ByteBuffer fields = ByteBuffer.wrap(list).order(ByteOrder.LITTLE_ENDIAN);

    /** Returns what is built; not to be kept. */
    byte[] list() {
        return list;
    }

    /** Begins a command to the volume, or to the controller. */
    CommandBuilder command(int tag, boolean volume, int cdbBytes, int operation) {
        begin(tag, TYPE_COMMAND, ATTRIBUTE_SIMPLE, cdbBytes);
        fields.putInt(LUN, volume ? (int) LUN_LOGICAL.mask() : 0);
        return cdb8(0, operation);
    }

    /** Begins a message to the controller. */
    CommandBuilder message(int tag, int message, int kind) {
        begin(tag, TYPE_MESSAGE, ATTRIBUTE_HEAD_OF_QUEUE, SIXTEEN);
        return cdb8(0, message).cdb8(1, kind);
    }

    private void begin(int tag, int type, int attribute, int cdbBytes) {
        Arrays.fill(list, (byte) 0);
        fields.putInt(TAG, tag);
        list[CDB_BYTES] = (byte) cdbBytes;
        list[TYPE_ATTRIBUTE_DIRECTION] = (byte) (TYPE.with(0, type)
                | ATTRIBUTE.with(0, attribute) | DIRECTION.with(0, DIRECTION_NONE));
    }

    CommandBuilder cdb8(int offset, int value) {
        list[CDB + offset] = (byte) value;
        return this;
    }

    /** Sets 16 bits of the CDB, most significant byte first. */
    CommandBuilder cdb16(int offset, int value) {
        fields.putShort(CDB + offset, Short.reverseBytes((short) value));
        return this;
    }

    /** Sets 32 bits of the CDB, most significant byte first. */
    CommandBuilder cdb32(int offset, long value) {
        fields.putInt(CDB + offset, Integer.reverseBytes((int) value));
        return this;
    }

    /** Makes the CDB READ(16) or WRITE(16). */
    CommandBuilder block16(long sector, int sectors) {
        fields.putLong(CDB + 2, Long.reverseBytes(sector));
        return cdb32(10, sectors);
    }

    /** Has data moved. */
    CommandBuilder data(int direction, long iova, int bytes) {
        list[TYPE_ATTRIBUTE_DIRECTION] = (byte) DIRECTION.with(
                list[TYPE_ATTRIBUTE_DIRECTION] & 0xff, direction);
        list[ENTRIES_IN_LIST] = 1;
        fields.putShort(ENTRIES_TOTAL, (short) 1);
        fields.putLong(SCATTER_GATHER + ENTRY_ADDRESS, iova);
        fields.putInt(SCATTER_GATHER + ENTRY_LENGTH, bytes);
        return this;
    }

    /** Says where error information goes. */
    CommandBuilder errors(long iova, int bytes) {
        fields.putLong(ERROR_ADDRESS, iova);
        fields.putInt(ERROR_LENGTH, bytes);
        return this;
    }
}
