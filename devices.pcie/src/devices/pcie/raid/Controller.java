// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CissLayout.ACCEPTS_COMMANDS;
import static devices.pcie.raid.CissLayout.CHANGE_REQUEST;
import static devices.pcie.raid.CissLayout.CONTROLLER_RESET;
import static devices.pcie.raid.CissLayout.CONTROLLER_RESET2;
import static devices.pcie.raid.CissLayout.FIRST_BAR;
import static devices.pcie.raid.CissLayout.HEARTBEAT;
import static devices.pcie.raid.CissLayout.INBOUND_DOORBELL;
import static devices.pcie.raid.CissLayout.INTERRUPT_MASK;
import static devices.pcie.raid.CissLayout.INTERRUPT_STATUS;
import static devices.pcie.raid.CissLayout.OUTBOUND_QUEUE;
import static devices.pcie.raid.CissLayout.POOL_ADDRESS_HIGH;
import static devices.pcie.raid.CissLayout.REGISTERS;
import static devices.pcie.raid.CissLayout.REGISTER_BYTES;
import static devices.pcie.raid.CissLayout.REPLY_QUEUE;
import static devices.pcie.raid.CissLayout.REQUEST_QUEUE;
import static devices.pcie.raid.CissLayout.SCRATCHPAD1;
import static devices.pcie.raid.CissLayout.SIMPLE;
import static devices.pcie.raid.CissLayout.TABLE_ADDRESS;
import static devices.pcie.raid.CissLayout.TABLE_BAR;
import static devices.pcie.raid.CissLayout.TRANSPORT_ACTIVE;
import static devices.pcie.raid.CissLayout.TRANSPORT_REQUEST;

import devices.pcie.link.Timer;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import java.util.List;

/**
 * The controller: registers, configuration table, and the firmware behind them. Command lists are
 * fetched as they are posted; reads and writes then wait for the disks, which take one after the
 * other, everything else for the firmware. Only what resets the firmware makes it forget.
 *
 * <p>An aborted read locks the firmware up, unless the machine asks for one that does not: nothing
 * is answered any more, registers keep what they hold, scratchpad 1 shows a lockup code, and only a
 * reset of the function helps. Otherwise the command ends with a hardware error. One thread.
 */
final class Controller implements Device {

    private static final long FIRMWARE_NANOS = 100_000;
    private static final int FIRMWARE_DATA_BYTES = 4096;
    private static final long CHANGE_NANOS = 1_000_000;

    private final DeviceContext context;
    private final ControllerOptions options;
    private final int bar;
    private final RegisterFile registers = new RegisterFile(REGISTER_BYTES, REGISTERS);
    private final FirmwareState firmware;
    private final ReplyQueue replies;
    private final InboundQueue inbound;
    private final Lane answers;
    private final Lane disks;
    private final Timer change;
    private long poolHigh;

    Controller(DeviceContext context, ControllerOptions options) {
        this.context = context;
        this.options = options;
        bar = CissLayout.bar(context.function());
        firmware = new FirmwareState(context, options);
        replies = new ReplyQueue(context, registers, firmware);
        CommandStore store = new CommandStore();
        ScsiTarget target = new ScsiTarget(context, this::askedToReset);
        answers = new Lane(context, firmware, target, store, replies, FIRMWARE_NANOS,
                FIRMWARE_DATA_BYTES);
        disks = new Lane(context, firmware, target, store, replies, options.mediumNanos(),
                ScsiTarget.MOST_BYTES);
        inbound = new InboundQueue(context, firmware, store, this::held);
        change = new Timer(context, this::changeTransport);
        registers.onWrite(INBOUND_DOORBELL, (written, mask) -> doorbell(written));
        registers.onWrite(INTERRUPT_MASK, (written, mask) -> replies.masked());
        registers.onWrite(REQUEST_QUEUE, (written, mask) -> post(written, mask));
        setUp();
    }

    private void setUp() {
        registers.reset();
        registers.set(TABLE_ADDRESS, TABLE_BAR, FIRST_BAR + 4L * bar);
        poolHigh = 0;
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public List<Bar> bars() {
        return List.of(CissLayout.space(context.function(), bar));
    }

    @Override
    public boolean present() {
        return firmware.isPresent();
    }

    @Override
    public long readRegister(int space, long offset, int bytes) {
        if (offset == REPLY_QUEUE.offset() && bytes == REPLY_QUEUE.bytes()) {
            return replies.read();
        }
        registers.set(REPLY_QUEUE, CissLayout.QUEUE_EMPTY);
        registers.set(SCRATCHPAD1, firmware.scratchpad());
        registers.set(HEARTBEAT, firmware.heartbeat());
        registers.set(INTERRUPT_STATUS, OUTBOUND_QUEUE, replies.size() > 0 ? 1 : 0);
        return registers.read((int) offset, bytes);
    }

    @Override
    public void writeRegister(int space, long offset, int bytes, long value) {
        if (firmware.runs()) {
            registers.write((int) offset, bytes, value);
        }
    }

    private void post(long address, long mask) {
        if (mask == CissLayout.REQUEST_QUEUE_ADDRESS.mask()
                && ACCEPTS_COMMANDS.isSet(registers.get(TRANSPORT_ACTIVE))) {
            inbound.post(poolHigh << 32 | address, replies.size());
        }
    }

    private void doorbell(long written) {
        if (CONTROLLER_RESET.isSet(written) || CONTROLLER_RESET2.isSet(written)) {
            askedToReset();
        } else if (CHANGE_REQUEST.isSet(written)) {
            registers.set(INBOUND_DOORBELL, CHANGE_REQUEST, 1);
            change.set(CHANGE_NANOS);
        }
    }

    private void changeTransport() {
        if (!firmware.runs()) {
            return;
        }
        boolean known = SIMPLE.isSet(registers.get(TRANSPORT_REQUEST));
        registers.set(TRANSPORT_ACTIVE, known ? SIMPLE.mask() | ACCEPTS_COMMANDS.mask() : 0);
        poolHigh = registers.get(POOL_ADDRESS_HIGH);
        registers.set(INBOUND_DOORBELL, CHANGE_REQUEST, 0);
    }

    private void held(Command command) {
        (ScsiTarget.needsDisks(command) ? disks : answers).add(command);
    }

    // ---- resets ---------------------------------------------------------------------------------

    @Override
    public void busMasterEnabled(boolean enabled) {
        if (enabled) {
            inbound.opened();
            answers.opened();
            disks.opened();
        }
    }

    /** A doorbell or a message asks for a reset. */
    private void askedToReset() {
        if (!options.ignoresReset()) {
            reset();
        }
    }

    @Override
    public void reset() {
        firmware.restart();
        change.cancel();
        inbound.clear();
        answers.clear();
        disks.clear();
        replies.clear();
        setUp();
        context.dropped();
    }
}
