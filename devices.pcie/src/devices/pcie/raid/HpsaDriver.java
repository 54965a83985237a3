// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;

/**
 * The driver, as Linux's hpsa with the simple transport method. A kernel that has reset_devices on
 * its command line, as kdump's usually do, resets the board first; any other takes it as it is.
 *
 * <p>Source: Linux, hpsa.c, hpsa_init_one, hpsa_init_reset_devices, hpsa_pci_init,
 * hpsa_kdump_soft_reset, hpsa_message.
 */
final class HpsaDriver implements DeviceDriver {

    private static final int NOOP_TRIES = 12;
    private static final long STALE_NANOS = 10_000_000_000L;
    private static final int INQUIRY_BYTES = 36;
    private static final int LUNS_BYTES = 16;
    private static final int CAPACITY_BYTES = 8;

    private final DriverPort port;
    private final Board board;
    private final DeepQueue queue;
    private final CommandPort commands;
    private boolean bound;

    HpsaDriver(DriverPort port) {
        this.port = port;
        board = new Board(port);
        queue = new DeepQueue(port, board);
        commands = new CommandPort(port, board);
    }

    @Override
    public void start(Workload workload, long seed) {
        queue.start(workload, seed);
    }

    @Override
    public long service() {
        return queue.service();
    }

    // ---- probe ----------------------------------------------------------------------------------

    @Override
    public String probe() {
        String failure = null;
        boolean soft = false;
        if (port.resetsDevices()) {
            board.enableAnew();
            failure = resetDevices();
            soft = failure == null && board.holdsVersion();
            board.disable();
        }
        if (failure == null) {
            failure = initialise(true);
        }
        if (failure == null && soft) {
            failure = softReset();
            failure = failure == null ? initialise(false) : failure;
        }
        if (failure == null) {
            board.tellOfReplies(true);
            failure = scan();
        }
        bound = failure == null;
        if (!bound) {
            board.disable();
        }
        return failure;
    }

    /** The reset that reset_devices asks for, and a message to see whether it has helped. */
    private String resetDevices() {
        if (!board.hasTable()) {
            return "not a valid CISS config table";
        }
        if (!board.canReset()) {
            return "Soft reset not supported. Firmware update is required.";
        }
        board.writeVersion();
        board.reset();
        if (!board.waitForState(true)) {
            return "failed waiting for board to become ready after hard reset";
        }
        if (board.holdsVersion()) {
            return null; // another way is tried later
        }
        boolean answered = false;
        for (int i = 0; i < NOOP_TRIES && !answered; i++) {
            answered = commands.noop();
        }
        return null; // answered or not, the kernel goes on
    }

    private String initialise(boolean first) {
        board.enable();
        board.master();
        if (first) {
            commands.enableInterrupts();
        }
        if (!board.waitForState(true)) {
            return "board not ready, timed out.";
        }
        if (!board.hasTable()) {
            return "not a valid CISS config table";
        }
        if (!board.enterSimple(commands.poolHigh())) {
            return "unable to get board into simple mode";
        }
        board.tellOfReplies(false);
        return null;
    }

    /** Resets by a message, where the doorbell has done nothing. */
    private String softReset() {
        commands.postReset();
        if (!board.waitForState(false)) {
            return "Soft reset had no effect.";
        }
        if (!board.waitForState(true)) {
            return "Board failed to become ready after soft reset.";
        }
        board.tellOfReplies(true);
        port.sleep(STALE_NANOS);
        board.tellOfReplies(false);
        board.discardReplies();
        return board.holdsVersion() ? "Soft reset appears to have failed." : null;
    }

    /** Asks who is there, and reads what a partition table would be in. */
    private String scan() {
        long page = port.allocatePage();
        DmaBuffer buffer = port.map(page, 4096, Access.WRITE);
        CommandBuilder build = commands.builder();
        String failure = commands.execute(build.command(0, false, 6, CommandLayout.INQUIRY)
                .cdb16(3, INQUIRY_BYTES)
                .data(CommandLayout.DIRECTION_READ, buffer.iova(), INQUIRY_BYTES));
        if (failure == null) {
            failure = commands.execute(
                    build.command(0, false, 12, CommandLayout.REPORT_LOGICAL_LUNS)
                            .cdb32(6, LUNS_BYTES)
                            .data(CommandLayout.DIRECTION_READ, buffer.iova(), LUNS_BYTES));
        }
        if (failure == null) {
            failure = commands.execute(build.command(0, true, 6, CommandLayout.INQUIRY)
                    .cdb16(3, INQUIRY_BYTES)
                    .data(CommandLayout.DIRECTION_READ, buffer.iova(), INQUIRY_BYTES));
        }
        if (failure == null) {
            failure = commands.execute(
                    build.command(0, true, 6, CommandLayout.TEST_UNIT_READY));
        }
        if (failure == null) {
            failure = commands.execute(build.command(0, true, 10, CommandLayout.READ_CAPACITY_10)
                    .data(CommandLayout.DIRECTION_READ, buffer.iova(), CAPACITY_BYTES));
        }
        if (failure == null) {
            failure = commands.execute(build.command(0, true, 10, CommandLayout.READ_10)
                    .cdb16(7, 1)
                    .data(CommandLayout.DIRECTION_READ, buffer.iova(), Medium.SECTOR_BYTES));
        }
        port.unmap(buffer);
        port.freePage(page);
        return failure;
    }

    /**
     * {@inheritDoc} The controller's cache is not flushed here, which a controller that has locked
     * up is not asked for either.
     *
     * <p>Source: Linux, hpsa_shutdown.
     */
    @Override
    public String shutdown() {
        if (bound) {
            board.tellOfReplies(false);
        }
        return null;
    }

    // ---- the dump -------------------------------------------------------------------------------

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        int sectors = (bytes + Medium.SECTOR_BYTES - 1) / Medium.SECTOR_BYTES;
        DmaBuffer buffer = port.map(physicalAddress, sectors * Medium.SECTOR_BYTES, Access.READ);
        String failure = commands.execute(commands.builder()
                .command(0, true, 16, CommandLayout.WRITE_16).block16(position, sectors)
                .data(CommandLayout.DIRECTION_WRITE, buffer.iova(), buffer.bytes()));
        port.unmap(buffer);
        return failure;
    }
}
