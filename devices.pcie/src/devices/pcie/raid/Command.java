// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CommandLayout.CDB;
import static devices.pcie.raid.CommandLayout.DIRECTION;
import static devices.pcie.raid.CommandLayout.ENTRIES_IN_LIST;
import static devices.pcie.raid.CommandLayout.ENTRIES_TOTAL;
import static devices.pcie.raid.CommandLayout.ENTRY_BYTES;
import static devices.pcie.raid.CommandLayout.ERROR_ADDRESS;
import static devices.pcie.raid.CommandLayout.ERROR_LENGTH;
import static devices.pcie.raid.CommandLayout.LUN;
import static devices.pcie.raid.CommandLayout.LUN_LOGICAL;
import static devices.pcie.raid.CommandLayout.SCATTER_GATHER;
import static devices.pcie.raid.CommandLayout.TAG;
import static devices.pcie.raid.CommandLayout.TYPE;
import static devices.pcie.raid.CommandLayout.TYPE_ATTRIBUTE_DIRECTION;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A command as the controller holds it: the command list as it was fetched, and how far it has got.
 * Used again and again. One thread.
 */
final class Command {

    /** The command list: what is fetched goes here. */
    final byte[] list =
            new byte[SCATTER_GATHER + CissLayout.MAX_SCATTER_GATHER * ENTRY_BYTES];
    private final ByteBuffer fields = ByteBuffer.wrap(list).order(ByteOrder.LITTLE_ENDIAN);
    private int token;

    // what becomes of it
    private int status;
    private int senseKey;
    private int senseCode;
    private int dataBytes;
    private int moved;
    private long sector;
    private boolean onMedium;
    private final ScatterGather entries = new ScatterGather(fields);

    /** Begins anew. */
    void begin(int requestToken) {
        token = requestToken;
        status = CommandLayout.SUCCESS;
        senseKey = senseCode = dataBytes = moved = 0;
        entries.begin();
        onMedium = false;
    }

    int token() {
        return token;
    }

    // ---- the command list -----------------------------------------------------------------------

    int tag() {
        return fields.getInt(TAG);
    }

    /** Returns whether it is for the logical volume; otherwise for the controller. */
    boolean isForVolume() {
        return LUN_LOGICAL.isSet(fields.getInt(LUN));
    }

    int type() {
        return (int) TYPE.of(list[TYPE_ATTRIBUTE_DIRECTION]);
    }

    int direction() {
        return (int) DIRECTION.of(list[TYPE_ATTRIBUTE_DIRECTION] & 0xff);
    }

    /** Returns a byte of the CDB. */
    int cdb8(int offset) {
        return list[CDB + offset] & 0xff;
    }

    /** Returns 16 bits of the CDB, most significant byte first. */
    int cdb16(int offset) {
        return cdb8(offset) << 8 | cdb8(offset + 1);
    }

    /** Returns 32 bits of the CDB, most significant byte first. */
    long cdb32(int offset) {
        return Integer.toUnsignedLong(Integer.reverseBytes(fields.getInt(CDB + offset)));
    }

    /** Returns 64 bits of the CDB, most significant byte first. */
    long cdb64(int offset) {
        return Long.reverseBytes(fields.getLong(CDB + offset));
    }

    long errorAddress() {
        return fields.getLong(ERROR_ADDRESS);
    }

    int errorLength() {
        return fields.getInt(ERROR_LENGTH);
    }

    /** Returns how many scatter-gather entries were fetched. */
    int entries() {
        return Math.min(list[ENTRIES_IN_LIST] & 0xff, CissLayout.MAX_SCATTER_GATHER);
    }

    /** Returns whether it says that it has no more entries than were fetched. */
    boolean isWhole() {
        return entries() == (fields.getShort(ENTRIES_TOTAL) & 0xffff)
                && entries() == (list[ENTRIES_IN_LIST] & 0xff);
    }

    // ---- how far it has got ---------------------------------------------------------------------

    /** Says how much is to be moved, no more than the entries take. */
    void moves(int bytes) {
        dataBytes = bytes;
    }

    /** Says that what is moved comes from the medium or goes there. */
    void medium(long firstSector) {
        sector = firstSector;
        onMedium = true;
    }

    /** Returns whether what is moved comes from the medium or goes there. */
    boolean isOnMedium() {
        return onMedium;
    }

    long sector() {
        return sector;
    }

    int dataBytes() {
        return dataBytes;
    }

    int moved() {
        return moved;
    }

    /** Returns the bytes of all scatter-gather entries. */
    long entriesBytes() {
        return entries.bytes(entries());
    }

    /** Returns the address that comes next, skipping entries of no bytes. */
    long nextAddress() {
        return entries.nextAddress();
    }

    /** Returns how many bytes lie at {@link #nextAddress} in one piece. */
    int nextBytes() {
        return (int) Math.min(entries.left(), dataBytes - moved);
    }

    /** Goes on by so many bytes. */
    void advance(int bytes) {
        moved += bytes;
        entries.advance(bytes);
    }

    // ---- how it ends ----------------------------------------------------------------------------

    /** Ends with a status of the controller's. */
    void fail(int commandStatus) {
        status = commandStatus;
    }

    /** Ends with CHECK CONDITION; nothing is moved. */
    void check(int key, int code) {
        status = CommandLayout.TARGET_STATUS;
        senseKey = key;
        senseCode = code;
        dataBytes = 0;
    }

    int status() {
        return status;
    }

    int senseKey() {
        return senseKey;
    }

    int senseCode() {
        return senseCode;
    }
}
