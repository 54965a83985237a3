// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CissLayout.MAX_OUTSTANDING;
import static devices.pcie.raid.CommandLayout.ENTRY_BYTES;
import static devices.pcie.raid.CommandLayout.LIST_ADDRESS;
import static devices.pcie.raid.CommandLayout.SCATTER_GATHER;

import devices.pcie.link.Link;
import devices.pcie.link.MemoryAccess;
import devices.pcie.link.Timer;
import iommu.api.pcie.DeviceContext;
import java.util.function.Consumer;

/**
 * The inbound queue: addresses of command lists, which are fetched one after the other as soon as
 * they are posted. A command list that cannot be read is lost: nobody knows its tag. One thread.
 */
final class InboundQueue {

    private static final int SLOTS = 1024;
    private static final long FETCH_NANOS = 1000;

    private final DeviceContext context;
    private final FirmwareState firmware;
    private final CommandStore store;
    private final Consumer<Command> taker;
    private final MemoryAccess memory;
    private final Link link;
    private final Timer timer;
    private final long[] addresses = new long[SLOTS];
    private int first;
    private int count;
    private long number;
    private boolean stalled;

    InboundQueue(DeviceContext context, FirmwareState firmware, CommandStore store,
            Consumer<Command> taker) {
        this.context = context;
        this.firmware = firmware;
        this.store = store;
        this.taker = taker;
        memory = new MemoryAccess(context.dma());
        link = Link.of(context.function());
        timer = new Timer(context, this::fetch);
    }

    /**
     * Takes the address of a command list.
     *
     * @param replies how many wait to be read: their commands are outstanding still
     */
    void post(long address, int replies) {
        if (count + store.held() + replies >= MAX_OUTSTANDING) {
            return;
        }
        addresses[first + count++ & SLOTS - 1] = address & LIST_ADDRESS;
        if (!timer.isSet()) {
            timer.set(FETCH_NANOS);
        }
    }

    /** Goes on where it had to wait for bus mastering. */
    void opened() {
        if (stalled) {
            timer.set(1);
        }
    }

    private void fetch() {
        if (!firmware.runs()) {
            return;
        }
        stalled = !firmware.isBusMaster();
        if (stalled) {
            return;
        }
        long address = addresses[first];
        first = first + 1 & SLOTS - 1;
        count--;
        Command command = store.take();
        command.begin(context.request(number++));
        int bytes = SCATTER_GATHER;
        boolean fetched = memory.read(address, command.list, 0, SCATTER_GATHER);
        if (fetched) {
            int entries = command.entries() * ENTRY_BYTES;
            fetched = memory.read(address + SCATTER_GATHER, command.list, SCATTER_GATHER, entries);
            bytes += entries;
        }
        if (fetched) {
            taker.accept(command);
        } else {
            store.give(command);
            firmware.aborted();
        }
        if (count > 0 && firmware.runs()) {
            timer.set(FETCH_NANOS + link.nanos(bytes));
        }
    }

    void clear() {
        count = 0;
        number = 0;
        stalled = false;
        timer.cancel();
    }
}
