// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CommandLayout.DIRECTION_NONE;
import static devices.pcie.raid.CommandLayout.DIRECTION_READ;
import static devices.pcie.raid.CommandLayout.DIRECTION_WRITE;
import static devices.pcie.raid.CommandLayout.ILLEGAL_REQUEST;
import static devices.pcie.raid.CommandLayout.INVALID_FIELD;
import static devices.pcie.raid.CommandLayout.INVALID_OPERATION_CODE;
import static devices.pcie.raid.CommandLayout.OUT_OF_RANGE;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;

/**
 * The controller and its one logical volume as SCSI targets: what a command asks for, and what is
 * put on the medium when its data has come. One thread.
 *
 * <p>Source: CISS Command Interface for SCSI-3 Support Open Specification, "Messages"; SCSI Block
 * Commands, "Commands for direct access block devices".
 */
final class ScsiTarget {

    /** Sectors of the logical volume: 1 TiB. */
    static final long SECTORS = 1L << 31;
    /** The most that one command moves. */
    static final int MOST_BYTES = 1 << 18;

    private final DeviceContext context;
    private final Runnable controllerReset;

    /**
     * Makes the targets of one controller.
     *
     * @param controllerReset is run when a message asks for it
     */
    ScsiTarget(DeviceContext context, Runnable controllerReset) {
        this.context = context;
        this.controllerReset = controllerReset;
    }

    /** Returns whether a command waits for the disks; otherwise the firmware alone answers it. */
    static boolean needsDisks(Command command) {
        if (command.type() != CommandLayout.TYPE_COMMAND || !command.isForVolume()) {
            return false;
        }
        return switch (command.cdb8(0)) {
            case CommandLayout.READ_10, CommandLayout.READ_16, CommandLayout.WRITE_10,
                    CommandLayout.WRITE_16, CommandLayout.SYNCHRONIZE_CACHE_10,
                    CommandLayout.SYNCHRONIZE_CACHE_16 -> true;
            default -> false;
        };
    }

    /**
     * Looks what a command asks for, and sets it up.
     *
     * @param data filled with what goes to memory
     */
    void begin(Command command, byte[] data) {
        if (!command.isWhole()) {
            command.fail(CommandLayout.INVALID);
        } else if (command.type() == CommandLayout.TYPE_MESSAGE) {
            message(command);
        } else if (command.type() != CommandLayout.TYPE_COMMAND) {
            command.fail(CommandLayout.INVALID);
        } else if (needsDisks(command)) {
            block(command, data);
        } else {
            answer(command, command.isForVolume() ? ScsiAnswers.ofVolume(command, data)
                    : ScsiAnswers.ofController(command, data));
        }
    }

    private void message(Command command) {
        switch (command.cdb8(0)) {
            case CommandLayout.MESSAGE_NOOP -> { }
            case CommandLayout.MESSAGE_RESET -> {
                if (command.cdb8(1) == 0) {
                    controllerReset.run();
                } else {
                    command.fail(CommandLayout.INVALID);
                }
            }
            default -> command.fail(CommandLayout.INVALID);
        }
    }

    private static void answer(Command command, int bytes) {
        if (bytes == ScsiAnswers.UNKNOWN) {
            command.check(ILLEGAL_REQUEST, INVALID_OPERATION_CODE);
        } else if (bytes == ScsiAnswers.BAD_FIELD) {
            command.check(ILLEGAL_REQUEST, INVALID_FIELD);
        } else {
            fit(command, bytes, bytes == 0 ? command.direction() : DIRECTION_READ);
        }
    }

    /** Sets up a command to the disks. */
    private void block(Command command, byte[] data) {
        switch (command.cdb8(0)) {
            case CommandLayout.READ_10 ->
                    move(command, command.cdb32(2), command.cdb16(7), DIRECTION_READ, data);
            case CommandLayout.READ_16 ->
                    move(command, command.cdb64(2), command.cdb32(10), DIRECTION_READ, data);
            case CommandLayout.WRITE_10 ->
                    move(command, command.cdb32(2), command.cdb16(7), DIRECTION_WRITE, data);
            case CommandLayout.WRITE_16 ->
                    move(command, command.cdb64(2), command.cdb32(10), DIRECTION_WRITE, data);
            default -> fit(command, 0, DIRECTION_NONE); // what is written is on the disks already
        }
    }

    private void move(Command command, long sector, long sectors, int direction, byte[] data) {
        if (sector < 0 || sector > SECTORS - sectors) {
            command.check(ILLEGAL_REQUEST, OUT_OF_RANGE);
            return;
        }
        if (sectors > MOST_BYTES / Medium.SECTOR_BYTES) {
            command.check(ILLEGAL_REQUEST, INVALID_FIELD);
            return;
        }
        int bytes = (int) sectors * Medium.SECTOR_BYTES;
        command.medium(sector);
        fit(command, bytes, bytes == 0 ? command.direction() : direction);
        if (direction == DIRECTION_READ && command.dataBytes() > 0) {
            context.fetch(Medium.BLOCKS, sector, data, 0, bytes);
        }
    }

    /** Holds what a command moves against its direction and its entries. */
    private static void fit(Command command, int bytes, int direction) {
        long room = command.entriesBytes();
        if (command.direction() != direction) {
            command.fail(CommandLayout.INVALID);
            return;
        }
        if (room != bytes) {
            command.fail(room > bytes ? CommandLayout.DATA_UNDERRUN : CommandLayout.DATA_OVERRUN);
        }
        command.moves((int) Math.min(room, bytes));
    }

    /** Puts what a command has read from memory on the medium, if it asks for that. */
    void commit(Command command, byte[] data) {
        if (command.isOnMedium() && command.direction() == DIRECTION_WRITE
                && command.dataBytes() > 0) {
            context.store(Medium.BLOCKS, command.sector(), data, 0, command.dataBytes());
        }
    }
}
