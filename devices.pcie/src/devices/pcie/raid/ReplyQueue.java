// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.CissLayout.COALESCE_COUNT;
import static devices.pcie.raid.CissLayout.COALESCE_DELAY;
import static devices.pcie.raid.CissLayout.INTERRUPT_MASK;
import static devices.pcie.raid.CissLayout.OUTBOUND_QUEUE;
import static devices.pcie.raid.CissLayout.QUEUE_EMPTY;

import devices.pcie.link.Timer;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;

/**
 * The outbound queue: tags of commands that have ended, and the interrupt that tells of them, which
 * follows later than the tag, and later still if interrupts are coalesced. One thread.
 */
final class ReplyQueue {

    private static final int SLOTS = 1024;
    private static final long INTERRUPT_NANOS = 1000;
    private static final long NANOS_PER_MICRO = 1000;

    private final RegisterFile registers;
    private final FirmwareState firmware;
    private final Interrupts interrupts;
    private final Timer timer;
    private final int[] tags = new int[SLOTS];
    private int first;
    private int count;
    private int untold;

    ReplyQueue(DeviceContext context, RegisterFile registers, FirmwareState firmware) {
        this.registers = registers;
        this.firmware = firmware;
        interrupts = context.interrupts();
        timer = new Timer(context, this::tell);
    }

    void add(int tag) {
        tags[first + count++ & SLOTS - 1] = tag;
        untold++;
        long most = registers.get(COALESCE_COUNT);
        long delay = registers.get(COALESCE_DELAY) * NANOS_PER_MICRO;
        if (!timer.isSet()) {
            timer.set(INTERRUPT_NANOS + (most == 1 ? 0 : delay));
        } else if (delay > 0 && untold == most) {
            timer.set(INTERRUPT_NANOS);
        }
    }

    private void tell() {
        if (firmware.runs()) {
            untold = 0;
            raise();
        }
    }

    private void raise() {
        if (count > 0 && !OUTBOUND_QUEUE.isSet(registers.get(INTERRUPT_MASK))) {
            interrupts.raise(0);
        }
    }

    /** Follows a write to the mask. */
    void masked() {
        if (OUTBOUND_QUEUE.isSet(registers.get(INTERRUPT_MASK))) {
            interrupts.lower();
        } else if (untold < count) {
            raise();
        }
    }

    /** Returns the oldest tag and takes it out; all ones if there is none. */
    int read() {
        if (count == 0) {
            return QUEUE_EMPTY;
        }
        int tag = tags[first];
        first = first + 1 & SLOTS - 1;
        count--;
        untold = Math.min(untold, count);
        if (count == 0) {
            interrupts.lower();
        }
        return tag;
    }

    int size() {
        return count;
    }

    void clear() {
        count = 0;
        untold = 0;
        timer.cancel();
        interrupts.lower();
    }
}
