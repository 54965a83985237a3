// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.Status;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.ConsoleLine;
import iommu.api.unit.KernelPort;
import java.util.HashMap;
import java.util.Map;

/**
 * The kernel's side of the event log: reads, prints and clears events, as the interrupt thread
 * does, and restarts a log that has overflowed. Source: Linux 6.1, amd/iommu.c,
 * amd_iommu_int_thread, iommu_poll_events, iommu_print_event.
 */
final class EventReport {

    private static final int ENTRIES_CODE = 9;
    private static final int PAGES = (16 << ENTRIES_CODE) / 4096;
    private static final long HANDLED = Status.EVENT_OVERFLOW.mask() | Status.EVENT_LOG_INT.mask();
    /** The thread looks again after each round; nothing is logged while it runs here. */
    private static final int MAX_ROUNDS = 4;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final Map<Integer, RateLimit> limits = new HashMap<>();
    private boolean deferred;
    /** Enables the log that waits; null if none does. */
    private Runnable waiting;

    EventReport(KernelPort port, UnitRegisters registers) {
        this.port = port;
        this.registers = registers;
    }

    /** Says whether a log waits from now on for {@link #finish}, and is off until then. */
    void defer(boolean on) {
        deferred = on;
        waiting = null;
    }

    /** Enables the log that waits, if one does. */
    void finish() {
        if (waiting != null) {
            waiting.run();
        }
        defer(false);
    }

    private void whenDue(Runnable act) {
        if (deferred) {
            waiting = act;
        } else {
            act.run();
        }
    }

    /** Allocates a log of 512 events and gives it to the unit. */
    void enable() {
        whenDue(this::enableNow);
    }

    private void enableNow() {
        registers.write(AmdViRegisters.EVENT_LOG,
                AmdViRegisters.LENGTH.with(port.allocatePages(PAGES), ENTRIES_CODE));
        restart();
    }

    private void restart() {
        registers.write(AmdViRegisters.EVENT_HEAD, 0);
        registers.write(AmdViRegisters.EVENT_TAIL, 0);
        registers.feature(Control.EVENT_LOG_EN, true);
    }

    /** Starts the log that the unit has from its first place. */
    void reuse() {
        whenDue(this::restart);
    }

    /** Handles what is pending now. */
    void handle() {
        long status = registers.read(AmdViRegisters.STATUS);
        for (int round = 0; round < MAX_ROUNDS && (status & HANDLED) != 0; round++) {
            registers.write(AmdViRegisters.STATUS, HANDLED);
            poll();
            if (Status.EVENT_OVERFLOW.isSet(status)) {
                port.print(ConsoleLine.FAULT_STATUS, -1, "AMD-Vi: IOMMU event log overflow");
                registers.feature(Control.EVENT_LOG_EN, false);
                registers.feature(Control.EVENT_LOG_EN, true);
            }
            status = registers.read(AmdViRegisters.STATUS);
        }
    }

    private void poll() {
        long base = registers.read(AmdViRegisters.EVENT_LOG);
        long size = AmdViRegisters.bufferBytes(base);
        long head = registers.read(AmdViRegisters.EVENT_HEAD) % size;
        long tail = registers.read(AmdViRegisters.EVENT_TAIL) % size;
        while (head != tail) {
            long at = AmdViRegisters.BASE.inPlace(base) + head;
            print(port.read64(at), port.read64(at + 8));
            port.write64(at, 0);
            port.write64(at + 8, 0);
            head = (head + Event.BYTES) % size;
        }
        registers.write(AmdViRegisters.EVENT_HEAD, head);
    }

    private void print(long low, long high) {
        EventCode code = EventCode.of((int) Event.CODE.of(low));
        int device = (int) Event.DEVICE_ID.of(low);
        if (code != EventCode.IO_PAGE_FAULT
                || limits.computeIfAbsent(device, d -> new RateLimit()).allows(port.nanos())) {
            port.print(ConsoleLine.FAULT, device,
                    line(code, RequesterId.format(device), low, high));
        }
    }

    /**
     * Returns the line of one event; {@code code} is null for one that the kernel does not
     * know.
     */
    private static String line(EventCode code, String device, long low, long high) {
        if (code == null) {
            return String.format("AMD-Vi: Event logged [UNKNOWN event[0]=0x%08x event[1]=0x%08x"
                    + " event[2]=0x%08x event[3]=0x%08x]", (int) low, (int) (low >>> 32),
                    (int) high, (int) (high >>> 32));
        }
        String where = String.format("address=0x%x flags=0x%04x", high, Event.FLAGS.of(low));
        return switch (code) {
            case IO_PAGE_FAULT -> String.format("pci %s: AMD-Vi: Event logged [IO_PAGE_FAULT"
                    + " domain=0x%04x %s]", device, Event.DOMAIN_ID.of(low), where);
            case ILLEGAL_COMMAND_ERROR -> String.format(
                    "AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x%x]", high);
            case COMMAND_HARDWARE_ERROR ->
                    "AMD-Vi: Event logged [COMMAND_HARDWARE_ERROR " + where + "]";
            case DEV_TAB_HARDWARE_ERROR -> String.format(
                    "AMD-Vi: Event logged [DEV_TAB_HARDWARE_ERROR device=%s %s]", device, where);
            default -> String.format("AMD-Vi: Event logged [%s device=%s pasid=0x%05x %s]", code,
                    device, Event.DOMAIN_ID.of(low), where);
        };
    }
}
