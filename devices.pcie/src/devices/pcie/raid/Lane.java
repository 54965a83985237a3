// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CommandLayout.COMMAND_STATUS;
import static devices.pcie.raid.CommandLayout.DIRECTION_READ;
import static devices.pcie.raid.CommandLayout.ERROR_BYTES;
import static devices.pcie.raid.CommandLayout.HARDWARE_ERROR;
import static devices.pcie.raid.CommandLayout.RESIDUAL;
import static devices.pcie.raid.CommandLayout.SENSE;
import static devices.pcie.raid.CommandLayout.SUCCESS;
import static devices.pcie.raid.CommandLayout.TAG_BITS;
import static devices.pcie.raid.CommandLayout.TAG_ERROR;

import devices.pcie.link.Link;
import devices.pcie.link.MemoryAccess;
import devices.pcie.link.Timer;
import iommu.api.pcie.DeviceContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Works commands off, one at a time in the order in which they came: the time of the medium, the
 * data in pieces, the completion. All addresses are those of the command list as it was fetched.
 * While the function is no bus master it waits where it is. One thread.
 */
final class Lane {

    private static final int PIECE_BYTES = 4096;

    private final DeviceContext context;
    private final FirmwareState firmware;
    private final ScsiTarget target;
    private final CommandStore store;
    private final ReplyQueue replies;
    private final long nanos;
    private final MemoryAccess memory;
    private final Link link;
    private final Timer timer;
    private final CommandQueue queue = new CommandQueue();
    private final byte[] data;
    private final byte[] error = new byte[ERROR_BYTES];
    private final ByteBuffer errorFields = ByteBuffer.wrap(error).order(ByteOrder.LITTLE_ENDIAN);
    private Command current;
    private boolean begun;
    private boolean stalled;

    /**
     * Makes one.
     *
     * @param nanos what each command takes before its data moves
     * @param dataBytes the most that a command moves
     */
    Lane(DeviceContext context, FirmwareState firmware, ScsiTarget target, CommandStore store,
            ReplyQueue replies, long nanos, int dataBytes) {
        this.context = context;
        this.firmware = firmware;
        this.target = target;
        this.store = store;
        this.replies = replies;
        this.nanos = nanos;
        data = new byte[dataBytes];
        memory = new MemoryAccess(context.dma());
        link = Link.of(context.function());
        timer = new Timer(context, this::step);
    }

    void add(Command command) {
        queue.add(command);
        if (current == null) {
            next();
        }
    }

    private void next() {
        current = queue.poll();
        begun = false;
        if (current != null) {
            timer.set(nanos);
        }
    }

    /** Goes on where it had to wait for bus mastering. */
    void opened() {
        if (stalled) {
            timer.set(1);
        }
    }

    private void step() {
        if (!firmware.runs()) {
            return;
        }
        stalled = !firmware.isBusMaster();
        if (stalled) {
            return;
        }
        context.resume(current.token());
        if (!begun) {
            int before = firmware.generation();
            target.begin(current, data);
            if (firmware.generation() != before) {
                return;
            }
            begun = true;
        }
        if (current.moved() < current.dataBytes()) {
            int bytes = move();
            if (firmware.runs()) {
                timer.set(link.nanos(bytes));
            }
        } else {
            complete();
        }
    }

    /** Moves a piece; returns how many bytes that are. */
    private int move() {
        long address = current.nextAddress();
        int bytes = Math.min(current.nextBytes(), PIECE_BYTES);
        if (current.direction() == DIRECTION_READ) {
            memory.write(address, data, current.moved(), bytes);
        } else if (!memory.read(address, data, current.moved(), bytes)) {
            firmware.aborted();
            current.fail(HARDWARE_ERROR);
            current.moves(current.moved());
            return bytes;
        }
        current.advance(bytes);
        return bytes;
    }

    private void complete() {
        int tag = current.tag() & TAG_BITS;
        if (current.status() == SUCCESS || current.status() == CommandLayout.DATA_UNDERRUN) {
            target.commit(current, data);
        }
        if (current.status() != SUCCESS) {
            writeError();
            tag |= (int) TAG_ERROR.mask();
        }
        replies.add(tag);
        store.give(current);
        next();
    }

    private void writeError() {
        Arrays.fill(error, (byte) 0);
        errorFields.putShort(COMMAND_STATUS, (short) current.status());
        errorFields.putInt(RESIDUAL, (int) (current.entriesBytes() - current.moved()));
        if (current.status() == CommandLayout.TARGET_STATUS) {
            error[CommandLayout.SCSI_STATUS] = CommandLayout.CHECK_CONDITION;
            error[CommandLayout.SENSE_LENGTH] = CommandLayout.SENSE_BYTES;
            error[SENSE] = CommandLayout.SENSE_FIXED;
            error[SENSE + CommandLayout.SENSE_KEY] = (byte) current.senseKey();
            error[SENSE + 7] = CommandLayout.SENSE_BYTES - 8;
            error[SENSE + CommandLayout.SENSE_CODE] = (byte) current.senseCode();
        }
        memory.write(current.errorAddress(), error, 0,
                Math.min(Math.max(0, current.errorLength()), ERROR_BYTES));
    }

    void clear() {
        timer.cancel();
        if (current != null) {
            store.give(current);
        }
        for (Command left = queue.poll(); left != null; left = queue.poll()) {
            store.give(left);
        }
        current = null;
        stalled = false;
    }
}
