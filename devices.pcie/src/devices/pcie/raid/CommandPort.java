// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CissLayout.QUEUE_EMPTY;
import static devices.pcie.raid.CommandLayout.COMMAND_STATUS;
import static devices.pcie.raid.CommandLayout.ERROR_BYTES;
import static devices.pcie.raid.CommandLayout.TAG_BITS;
import static devices.pcie.raid.CommandLayout.TAG_ERROR;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One command after the other, as a capture kernel's driver posts them and waits. One thread.
 *
 * <p>Source: Linux, hpsa.c, hpsa_message, hpsa_scsi_do_simple_cmd_core_with_timeout,
 * hpsa_scsi_interpret_error, detect_controller_lockup.
 */
final class CommandPort {

    private static final int TIMEOUT_SECONDS = 30;
    private static final long SECOND = 1_000_000_000;
    private static final long POLL_NANOS = 10_000_000;
    private static final int POLLS = (int) (TIMEOUT_SECONDS * SECOND / POLL_NANOS);
    private static final int MESSAGE_TRIES = 10;
    private static final long MESSAGE_TRY_NANOS = 10 * SECOND;
    private static final int MOST_INTERRUPTS = 1024;
    private static final int ERROR_OFFSET = 2048;
    private static final int PAGE_BYTES = 4096;

    private final DriverPort port;
    private final Board board;
    private final CommandBuilder builder = new CommandBuilder();
    private final byte[] error = new byte[ERROR_BYTES];
    private final ByteBuffer errorFields = ByteBuffer.wrap(error).order(ByteOrder.LITTLE_ENDIAN);
    private DmaBuffer page;
    private boolean interrupts;

    CommandPort(DriverPort port, Board board) {
        this.port = port;
        this.board = board;
    }

    /** Returns a builder for the next command. */
    CommandBuilder builder() {
        return builder;
    }

    void enableInterrupts() {
        interrupts = port.enableInterrupts(1) > 0;
    }

    /** Returns the upper half of the address of command lists, whose page it maps. */
    long poolHigh() {
        if (page == null) {
            page = port.map(port.allocatePage(), PAGE_BYTES, Access.READ | Access.WRITE);
        }
        return page.iova() >>> 32;
    }

    // ---- messages -------------------------------------------------------------------------------

    /** Sends a message that asks for nothing, and polls; without an answer it keeps its page. */
    boolean noop() {
        DmaBuffer own = port.map(port.allocatePage(), PAGE_BYTES, Access.READ | Access.WRITE);
        int tag = (int) own.iova();
        builder.message(tag, CommandLayout.MESSAGE_NOOP, 0)
                .errors(own.iova() + ERROR_OFFSET, ERROR_BYTES);
        if (own.iova() >>> 32 != 0) {
            // Linux has such pages below 4 GiB, where the method after a reset finds them
            board.enterSimple(own.iova() >>> 32);
        }
        post(own);
        for (int i = 0; i < MESSAGE_TRIES; i++) {
            int reply = board.reply();
            if (reply != QUEUE_EMPTY && (reply & TAG_BITS) == tag) {
                port.unmap(own);
                port.freePage(own.physicalAddress());
                return !TAG_ERROR.isSet(reply);
            }
            port.sleep(MESSAGE_TRY_NANOS);
        }
        return false;
    }

    /** Sends the message that resets the controller; there may be a reply or none. */
    void postReset() {
        builder.message((int) page.iova(), CommandLayout.MESSAGE_RESET, 0)
                .errors(page.iova() + ERROR_OFFSET, ERROR_BYTES);
        post(page);
    }

    // ---- commands -------------------------------------------------------------------------------

    /** Posts what is built and waits for it; returns null, or why it failed. */
    String execute(CommandBuilder built) {
        built.errors(page.iova() + ERROR_OFFSET, ERROR_BYTES);
        board.noteHeartbeat();
        post(page);
        int reply = interrupts ? replyByInterrupt() : replyByPolling();
        if (reply == QUEUE_EMPTY) {
            String lockup = board.lockup(TIMEOUT_SECONDS);
            return lockup != null ? lockup : board.reply() == QUEUE_EMPTY ? "I/O timeout"
                    : "I/O timeout, done but no interrupt came";
        }
        return TAG_ERROR.isSet(reply) ? error() : null;
    }

    private void post(DmaBuffer to) {
        port.write(to.physicalAddress(), builder.list(), 0, CommandBuilder.BYTES);
        board.post(to.iova());
    }

    /** One command is outstanding, so any reply is to it. */
    private int replyByInterrupt() {
        for (int i = 0; i < MOST_INTERRUPTS; i++) {
            if (!port.waitForInterrupt(0, TIMEOUT_SECONDS * SECOND)) {
                return QUEUE_EMPTY;
            }
            int reply = board.reply();
            if (reply != QUEUE_EMPTY) {
                return reply;
            }
        }
        return QUEUE_EMPTY;
    }

    private int replyByPolling() {
        for (int i = 0; i < POLLS; i++) {
            int reply = board.reply();
            if (reply != QUEUE_EMPTY) {
                return reply;
            }
            port.sleep(POLL_NANOS);
        }
        return QUEUE_EMPTY;
    }

    private String error() {
        port.read(page.physicalAddress() + ERROR_OFFSET, error, 0, ERROR_BYTES);
        int status = errorFields.getShort(COMMAND_STATUS);
        return switch (status) {
            case CommandLayout.TARGET_STATUS -> String.format("I/O error, sense key 0x%x",
                    error[CommandLayout.SENSE + CommandLayout.SENSE_KEY] & 0xf);
            case CommandLayout.DATA_UNDERRUN -> null; // as much as there is has come
            case CommandLayout.HARDWARE_ERROR -> "I/O error, had hardware error";
            default -> String.format("I/O error, command status 0x%x", status);
        };
    }
}
