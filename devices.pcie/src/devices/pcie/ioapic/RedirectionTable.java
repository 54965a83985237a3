// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import iommu.api.unit.InterruptControllers.Wires;
import iommu.api.unit.IoApic;
import java.util.Arrays;

/**
 * The hardware of one I/O APIC: two registers through which the others are reached, and an entry an
 * input. An interrupt is ended as soon as it was told of: Remote IRR shows the level alone.
 *
 * <p>Source: Intel 82093AA I/O APIC, "Register Description".
 */
final class RedirectionTable {

    /** Register select, an offset. */
    static final int SELECT = 0x00;
    /** The register that is selected, an offset. */
    static final int WINDOW = 0x10;
    /** Index of the first entry's lower half; its upper half follows. */
    static final int ENTRIES = 0x10;
    /** Bytes of the registers. */
    static final int BYTES = 0x40;

    private static final int ID = 0x00;
    private static final int VERSION = 0x01;
    private static final int ID_SHIFT = 24;
    private static final int LAST_SHIFT = 16;
    /** With an EOI register. */
    private static final int VERSION_20 = 0x20;
    /** Bits of the lower half that software may write. */
    private static final long LOW_WRITABLE = 0x1afff;

    private final IoApic self;
    private final Wires wires;
    private final long[] entries;
    private final boolean[] high;
    private int selected;

    RedirectionTable(IoApic self, Wires wires) {
        this.self = self;
        this.wires = wires;
        entries = new long[self.inputs()];
        Arrays.fill(entries, RedirectionEntry.RESET);
        high = new boolean[self.inputs()];
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
            case ID -> self.id() << ID_SHIFT;
            case VERSION -> VERSION_20 | entries.length - 1 << LAST_SHIFT;
            default -> entry < 0 || entry / 2 >= entries.length ? 0
                    : (int) (shown(entry / 2) >>> Integer.SIZE * (entry & 1));
        };
    }

    private long shown(int input) {
        long entry = entries[input];
        boolean told = high[input] && RedirectionEntry.LEVEL.isSet(entry)
                && !RedirectionEntry.MASK.isSet(entry);
        return RedirectionEntry.REMOTE_IRR.with(entry, told ? 1 : 0);
    }

    void write(long offset, int value) {
        if (offset == SELECT) {
            selected = value & 0xff;
            return;
        }
        int entry = selected - ENTRIES;
        if (offset != WINDOW || entry < 0 || entry / 2 >= entries.length) {
            return;
        }
        int input = entry / 2;
        boolean wasMasked = RedirectionEntry.MASK.isSet(entries[input]);
        long given = Integer.toUnsignedLong(value);
        entries[input] = (entry & 1) == 0
                ? entries[input] & -1L << Integer.SIZE | given & LOW_WRITABLE
                : entries[input] & 0xffff_ffffL | given << Integer.SIZE;
        if (wasMasked && high[input] && RedirectionEntry.LEVEL.isSet(entries[input])) {
            send(input);
        }
    }

    /** Takes the level of an input, from 0, that devices share. */
    void level(int input, boolean asserted) {
        high[input] = asserted;
        if (asserted) {
            send(input);
        }
    }

    /** Takes an edge of an input, from 0. */
    void edge(int input) {
        send(input);
    }

    private void send(int input) {
        long entry = entries[input];
        if (!RedirectionEntry.MASK.isSet(entry)) {
            wires.message(self, self.firstInput() + input, RedirectionEntry.address(entry),
                    RedirectionEntry.data(entry));
        }
    }
}
