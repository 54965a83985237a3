// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import iommu.api.unit.InterruptControllers.Wires;
import iommu.api.unit.IoApic;
import java.util.Arrays;

/**
 * The hardware of one I/O APIC: two registers through which the others are reached, an entry an
 * input, and the register that ends interrupts of a vector. Where whoever is interrupted ends that
 * by itself ({@link Wires#endsInterrupts}), Remote IRR shows the level alone. An edge at a masked
 * input is lost; an entry that is made edge-triggered loses Remote IRR, as kernels make use of.
 *
 * <p>Source: Intel 82093AA I/O APIC, "Register Description"; the EOI register: Intel ICH9
 * datasheet, "EOIR".
 */
final class RedirectionTable {

    /** Register select, an offset. */
    static final int SELECT = 0x00;
    /** The register that is selected, an offset. */
    static final int WINDOW = 0x10;
    /** Ends the interrupts of a vector, an offset. */
    static final int EOI = 0x40;
    /** Index of the first entry's lower half; its upper half follows. */
    static final int ENTRIES = 0x10;
    /** Bytes of the registers. */
    static final int BYTES = 0x44;

    private static final int ID = 0x00;
    private static final int VERSION = 0x01;
    private static final int ARBITRATION = 0x02;
    private static final int ID_SHIFT = 24;
    private static final int ID_MASK = 0xf;
    private static final int LAST_SHIFT = 16;
    /** With an EOI register. */
    private static final int VERSION_20 = 0x20;
    /** Bits of the lower half that software may write. */
    private static final long LOW_WRITABLE = 0x1afff;

    private final IoApic self;
    private final Wires wires;
    private final long[] entries;
    private final boolean[] high;
    /** Level-triggered inputs that were told of and not ended yet. */
    private final boolean[] told;
    private int id;
    private int selected;

    RedirectionTable(IoApic self, Wires wires) {
        this.self = self;
        this.wires = wires;
        entries = new long[self.inputs()];
        Arrays.fill(entries, RedirectionEntry.RESET);
        high = new boolean[self.inputs()];
        told = new boolean[self.inputs()];
        id = self.id();
    }

    int read(long offset) {
        if (offset == SELECT) {
            return selected;
        }
        int entry = selected - ENTRIES;
        if (offset != WINDOW) {
            return 0;
        }
        return switch (selected) {
            case ID, ARBITRATION -> id << ID_SHIFT;
            case VERSION -> VERSION_20 | entries.length - 1 << LAST_SHIFT;
            default -> entry < 0 || entry / 2 >= entries.length ? 0
                    : (int) (shown(entry / 2) >>> Integer.SIZE * (entry & 1));
        };
    }

    private long shown(int input) {
        return RedirectionEntry.REMOTE_IRR.with(entries[input], told[input]
                || wires.endsInterrupts() && high[input] && isOpenLevel(input) ? 1 : 0);
    }

    private boolean isOpenLevel(int input) {
        return RedirectionEntry.LEVEL.isSet(entries[input])
                && !RedirectionEntry.MASK.isSet(entries[input]);
    }

    void write(long offset, int value) {
        if (offset == SELECT) {
            selected = value & 0xff;
        } else if (offset == EOI) {
            end(value & 0xff);
        } else if (offset == WINDOW && selected == ID) {
            id = value >>> ID_SHIFT & ID_MASK;
        } else if (offset == WINDOW) {
            writeEntry(selected - ENTRIES, Integer.toUnsignedLong(value));
        }
    }

    private void writeEntry(int half, long given) {
        int input = half / 2;
        if (half < 0 || input >= entries.length) {
            return;
        }
        boolean wasMasked = RedirectionEntry.MASK.isSet(entries[input]);
        entries[input] = (half & 1) == 0
                ? entries[input] & -1L << Integer.SIZE | given & LOW_WRITABLE
                : entries[input] & 0xffff_ffffL | given << Integer.SIZE;
        told[input] &= RedirectionEntry.LEVEL.isSet(entries[input]);
        if (wasMasked || !wires.endsInterrupts()) {
            tellLevel(input);
        }
    }

    /** Ends the level-triggered interrupts of a vector; one whose input is high comes again. */
    private void end(int vector) {
        for (int input = 0; input < entries.length; input++) {
            if (told[input] && RedirectionEntry.VECTOR.of(entries[input]) == vector) {
                told[input] = false;
                tellLevel(input);
            }
        }
    }

    /** Takes the level of an input, from 0, that devices share. */
    void level(int input, boolean asserted) {
        boolean rises = asserted && !high[input];
        high[input] = asserted;
        if (asserted && RedirectionEntry.LEVEL.isSet(entries[input])) {
            tellLevel(input);
        } else if (rises || asserted && wires.endsInterrupts()) {
            send(input);
        }
    }

    /** Takes an edge of an input, from 0. */
    void edge(int input) {
        send(input);
    }

    private void tellLevel(int input) {
        if (high[input] && isOpenLevel(input) && !told[input]) {
            told[input] = !wires.endsInterrupts();
            send(input);
        }
    }

    private void send(int input) {
        long entry = entries[input];
        if (!RedirectionEntry.MASK.isSet(entry)) {
            wires.message(self, self.firstInput() + input, RedirectionEntry.address(entry),
                    RedirectionEntry.data(entry));
        }
    }
}
