// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CissLayout.CHANGE_REQUEST;
import static devices.pcie.raid.CissLayout.CONTROLLER_RESET;
import static devices.pcie.raid.CissLayout.CONTROLLER_RESET2;
import static devices.pcie.raid.CissLayout.DOORBELL_RESET;
import static devices.pcie.raid.CissLayout.DOORBELL_RESET2;
import static devices.pcie.raid.CissLayout.DRIVER_VERSION;
import static devices.pcie.raid.CissLayout.FIRMWARE_READY;
import static devices.pcie.raid.CissLayout.INBOUND_DOORBELL;
import static devices.pcie.raid.CissLayout.INTERRUPT_MASK;
import static devices.pcie.raid.CissLayout.MISC_FIRMWARE_SUPPORT;
import static devices.pcie.raid.CissLayout.OUTBOUND_QUEUE;
import static devices.pcie.raid.CissLayout.POOL_ADDRESS_HIGH;
import static devices.pcie.raid.CissLayout.REPLY_QUEUE;
import static devices.pcie.raid.CissLayout.REQUEST_QUEUE;
import static devices.pcie.raid.CissLayout.SCRATCHPAD1;
import static devices.pcie.raid.CissLayout.SIGNATURE;
import static devices.pcie.raid.CissLayout.SIMPLE;
import static devices.pcie.raid.CissLayout.TRANSPORT_ACTIVE;
import static devices.pcie.raid.CissLayout.TRANSPORT_REQUEST;
import static devices.pcie.raid.CissLayout.TRANSPORT_SUPPORT;

import devices.pcie.link.DeviceOptions;
import iommu.api.bits.Register;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;

/**
 * The registers as a driver uses them: ready or not, reset, transport method, queues. One thread.
 *
 * <p>Source: Linux, hpsa.c, hpsa_wait_for_board_state, hpsa_kdump_hard_reset_controller,
 * hpsa_enter_simple_mode, controller_lockup_detected; hpsa.h for times.
 */
final class Board {

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final long READY_POLL_NANOS = 100 * MILLI;
    private static final int READY_POLLS = 1200;     // 120 s
    private static final int NOT_READY_POLLS = 1000; // 100 s
    private static final long AFTER_DOORBELL_NANOS = 10 * SECOND;
    private static final long AFTER_RESET_NANOS = 3 * SECOND;
    private static final long DISABLED_NANOS = 260 * MILLI;
    /** Registers mapped, config space saved, the table looked up; assumed. */
    private static final long MASTER_TO_RESET_NANOS = MILLI / 5;
    private static final int CHANGE_POLLS = 2000;
    private static final long CHANGE_POLL_NANOS = 10 * MILLI;
    private static final int COMMAND = 0x04;
    private static final int MEMORY = 0x0002;
    private static final int MASTER = 0x0004;
    /** The beginning of "HPSA", the driver's name and version. */
    private static final int VERSION = 0x4153_5048;

    private final DriverPort port;
    private final PciFunction function;
    private final int bar;
    private int heartbeat;

    Board(DriverPort port) {
        this.port = port;
        function = port.function();
        bar = CissLayout.bar(function);
    }

    int read(Register register) {
        return (int) function.readRegister(bar, register.offset(), register.bytes());
    }

    void write(Register register, long value) {
        function.writeRegister(bar, register.offset(), register.bytes(), value);
    }

    // ---- the function ---------------------------------------------------------------------------

    void enable() {
        command(MEMORY, 0);
    }

    void master() {
        command(MASTER, 0);
    }

    /** As pci_disable_device: the function is no bus master any more. */
    void disable() {
        command(0, MASTER);
    }

    /**
     * Brings the function into a known state before a reset: since 3.17, off, a pause, on again.
     * With that it is a bus master, and the board goes on with what it holds until the reset.
     *
     * <p>Source: Linux, hpsa_init_reset_devices; the version from memory, 3.15 has no pause.
     */
    void enableAnew() {
        enable();
        if (port.isFrom(3, 17)) {
            disable();
            port.sleep(DISABLED_NANOS);
            enable();
        }
        master();
        tellOfReplies(false);
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
    }

    private void command(int set, int clear) {
        function.writeConfig(COMMAND, 2, function.readConfig(COMMAND, 2) & ~clear | set);
    }

    // ---- queues ---------------------------------------------------------------------------------

    void post(long commandList) {
        write(REQUEST_QUEUE, commandList);
    }

    /** Takes a reply; {@link CissLayout#QUEUE_EMPTY} if there is none. */
    int reply() {
        return read(REPLY_QUEUE);
    }

    /** Takes all replies that there are. */
    void discardReplies() {
        int left = CissLayout.MAX_OUTSTANDING;
        while (left > 0 && reply() != CissLayout.QUEUE_EMPTY) {
            left--;
        }
    }

    void tellOfReplies(boolean on) {
        write(INTERRUPT_MASK, on ? 0 : OUTBOUND_QUEUE.mask());
        read(INTERRUPT_MASK);
    }

    // ---- resets ---------------------------------------------------------------------------------

    /** Waits for the firmware to be ready, or not to be. */
    boolean waitForState(boolean ready) {
        int polls = ready ? READY_POLLS : NOT_READY_POLLS;
        for (int i = 0; i < polls; i++) {
            if (read(SCRATCHPAD1) == FIRMWARE_READY == ready) {
                return true;
            }
            port.sleep(READY_POLL_NANOS);
        }
        return false;
    }

    /** Writes what a reset erases. */
    void writeVersion() {
        write(DRIVER_VERSION, VERSION);
    }

    /** Returns whether nothing has erased what {@link #writeVersion} wrote. */
    boolean holdsVersion() {
        return read(DRIVER_VERSION) == VERSION;
    }

    boolean canReset() {
        int support = read(MISC_FIRMWARE_SUPPORT);
        return DOORBELL_RESET2.isSet(support) || DOORBELL_RESET.isSet(support);
    }

    /** Resets it by doorbell, and lets it be for as long as its makers ask. */
    void reset() {
        boolean second = DOORBELL_RESET2.isSet(read(MISC_FIRMWARE_SUPPORT));
        write(INBOUND_DOORBELL, (second ? CONTROLLER_RESET2 : CONTROLLER_RESET).mask());
        port.sleep(AFTER_DOORBELL_NANOS);
        port.sleep(AFTER_RESET_NANOS);
    }

    // ---- transport ------------------------------------------------------------------------------

    boolean hasTable() {
        return read(SIGNATURE) == CissLayout.SIGNATURE_VALUE;
    }

    /** Asks for the simple method, with command lists below so many times 4 GiB. */
    void askForSimple(long poolHigh) {
        write(TRANSPORT_REQUEST, SIMPLE.mask());
        write(POOL_ADDRESS_HIGH, poolHigh);
        write(INBOUND_DOORBELL, CHANGE_REQUEST.mask());
    }

    boolean hasChanged() {
        return !CHANGE_REQUEST.isSet(read(INBOUND_DOORBELL));
    }

    /** Changes to the simple method and waits for it; returns whether it is used then. */
    boolean enterSimple(long poolHigh) {
        if (!SIMPLE.isSet(read(TRANSPORT_SUPPORT))) {
            return false;
        }
        askForSimple(poolHigh);
        for (int i = 0; i < CHANGE_POLLS && !hasChanged(); i++) {
            port.sleep(CHANGE_POLL_NANOS);
        }
        return hasChanged() && SIMPLE.isSet(read(TRANSPORT_ACTIVE));
    }

    // ---- lockups --------------------------------------------------------------------------------

    void noteHeartbeat() {
        heartbeat = read(CissLayout.HEARTBEAT);
    }

    /** Returns null, or what the kernel says if the heart does not beat any more. */
    String lockup(int seconds) {
        return read(CissLayout.HEARTBEAT) != heartbeat ? null : String.format(
                "Controller lockup detected: 0x%08x after %d", read(SCRATCHPAD1), seconds);
    }
}
