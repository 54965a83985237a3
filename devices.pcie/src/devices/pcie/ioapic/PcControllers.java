// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import iommu.api.sim.EventQueue;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import java.util.List;

/**
 * The interrupt hardware of a PC: I/O APICs; the interval timer, wired to input 0 of the 8259A and
 * to input 2 of the first I/O APIC, as firmware's override says (an HPET in its place is wired
 * alike); the 8259A, wired to LINT0 of the processor where the machine has that wire; and the local
 * vector of that pin.
 *
 * <p>Modelled of the 8259A are the mask of input 0 and the vector base; what it hands over is ended
 * at once. Source: Intel 8254, "Mode 2"; 8259A, "Initialization Command Words"; SDM volume 3,
 * "Local Vector Table".
 */
final class PcControllers implements InterruptControllers.Hardware {

    /** Command port of the 8259A. */
    static final int PIC_COMMAND = 0x20;
    /** Its data port. */
    static final int PIC_DATA = 0x21;
    /** Bit of ICW1 that begins its initialisation. */
    static final int ICW1 = 0x10;
    /** Count of the timer's channel 0, its lower and then its upper byte. */
    static final int TIMER_COUNT = 0x40;
    /** Control word of the timer. */
    static final int TIMER_CONTROL = 0x43;
    /** Control word: channel 0, both bytes, mode 2, again and again. */
    static final int PERIODIC = 0x34;
    /** Control word: channel 0, both bytes, mode 0; no count follows, so nothing comes. */
    static final int STOPPED = 0x30;
    /** Frequency of the timer. */
    static final long TIMER_HERTZ = 1_193_182;
    /** Local APIC, LVT LINT0, a physical address. */
    static final long LVT0 = 0xfee0_0350L;
    /** LVT: masked. */
    static final int LVT_MASKED = 1 << 16;
    /** LVT: delivery mode ExtINT. */
    static final int LVT_EXT_INT = 0x700;
    /** Input of the first I/O APIC that the timer is wired to. */
    static final int TIMER_INPUT = 2;

    private static final int LVT_MODE = 0x700;
    private static final int VECTOR = 0xff;

    private final List<IoApic> all;
    private final RedirectionTable[] tables;
    private final EventQueue queue;
    private final InterruptControllers.Wires wires;
    private final Runnable tick = this::tick;
    private final Runnable edge = this::timerEdge;
    private int icw;
    private int picBase;
    private int picMask = 0xff;
    private int lvt0 = LVT_MASKED;
    private boolean periodic;
    private int countBytes;
    private int count;
    private long periodNanos;
    /** When the next tick is; what was scheduled for another instant is none. */
    private long due;

    PcControllers(List<IoApic> all, EventQueue queue, InterruptControllers.Wires wires) {
        this.all = List.copyOf(all);
        this.queue = queue;
        this.wires = wires;
        tables = all.stream().map(a -> new RedirectionTable(a, wires))
                .toArray(RedirectionTable[]::new);
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public int read(long physicalAddress) {
        int at = at(physicalAddress);
        return at >= 0 ? tables[at].read(physicalAddress - all.get(at).base())
                : physicalAddress == LVT0 ? lvt0 : 0;
    }

    @Override
    public void write(long physicalAddress, int value) {
        int at = at(physicalAddress);
        if (at >= 0) {
            tables[at].write(physicalAddress - all.get(at).base(), value);
        } else if (physicalAddress == LVT0) {
            lvt0 = value;
        }
    }

    private int at(long physicalAddress) {
        for (int i = 0; i < tables.length; i++) {
            long offset = physicalAddress - all.get(i).base();
            if (offset >= 0 && offset < RedirectionTable.BYTES) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public void writePort(int port, int value) {
        switch (port) {
            case PIC_COMMAND -> {
                if ((value & ICW1) != 0) {
                    icw = 1;
                    picMask = 0;
                }
            }
            case PIC_DATA -> writePic(value);
            case TIMER_CONTROL -> {
                periodic = value == PERIODIC;
                countBytes = 0;
            }
            case TIMER_COUNT -> writeCount(value);
            default -> { }
        }
    }

    /** ICW2 to ICW4 follow ICW1; everything else is the mask (OCW1). */
    private void writePic(int value) {
        switch (icw) {
            case 1 -> {
                picBase = value & ~7;
                icw = 2;
            }
            case 2 -> icw = 3;
            case 3 -> icw = 0;
            default -> picMask = value;
        }
    }

    private void writeCount(int value) {
        count = countBytes++ == 0 ? value & 0xff : count | (value & 0xff) << 8;
        if (countBytes == 2 && periodic) {
            periodNanos = (count == 0 ? 0x1_0000L : count) * 1_000_000_000L / TIMER_HERTZ;
            next();
        }
    }

    // ---- inputs ---------------------------------------------------------------------------------

    private void next() {
        due = queue.nanos() + periodNanos;
        queue.schedule(periodNanos, tick);
    }

    private void tick() {
        if (periodic && queue.nanos() == due) {
            wires.asserted(all.get(0).firstInput() + TIMER_INPUT, edge);
            next();
        }
    }

    private void timerEdge() {
        if (TIMER_INPUT < all.get(0).inputs()) {
            tables[0].edge(TIMER_INPUT);
        }
        if ((picMask & 1) == 0 && all.get(0).lint0() && (lvt0 & LVT_MASKED) == 0) {
            wires.local((lvt0 & LVT_MODE) == LVT_EXT_INT ? picBase : lvt0 & VECTOR);
        }
    }

    @Override
    public void level(int input, boolean asserted) {
        for (int i = 0; i < tables.length; i++) {
            if (all.get(i).has(input)) {
                tables[i].level(input - all.get(i).firstInput(), asserted);
            }
        }
    }
}
