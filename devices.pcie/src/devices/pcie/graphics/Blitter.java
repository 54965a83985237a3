// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.COPY_DWORDS;
import static devices.pcie.graphics.GraphicsLayout.FLUSH_DWORDS;
import static devices.pcie.graphics.GraphicsLayout.LENGTH;
import static devices.pcie.graphics.GraphicsLayout.MI_FLUSH_DW;
import static devices.pcie.graphics.GraphicsLayout.MI_NOOP;
import static devices.pcie.graphics.GraphicsLayout.OPCODE;
import static devices.pcie.graphics.GraphicsLayout.RING_CTL;
import static devices.pcie.graphics.GraphicsLayout.RING_ENABLE;
import static devices.pcie.graphics.GraphicsLayout.RING_HEAD;
import static devices.pcie.graphics.GraphicsLayout.RING_PAGES;
import static devices.pcie.graphics.GraphicsLayout.RING_START;
import static devices.pcie.graphics.GraphicsLayout.RING_TAIL;
import static devices.pcie.graphics.GraphicsLayout.START;
import static devices.pcie.graphics.GraphicsLayout.WRITES;
import static devices.pcie.graphics.GraphicsLayout.XY_SRC_COPY_BLT;

import devices.pcie.link.LittleEndian;
import devices.pcie.link.MemoryAccess;
import devices.pcie.link.Timer;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.DeviceContext;
import java.util.Arrays;

/**
 * The engine that copies rectangles, here of one line each: it fetches commands from its ring from
 * head to tail and does them in order. A command that it cannot read or does not know hangs it
 * until the engines are reset; pixels that it cannot read are zeros. One thread.
 *
 * <p>Source: Programmer's Reference Manual, "Ring Buffer", "XY_SRC_COPY_BLT", "MI_FLUSH_DW".
 */
final class Blitter {

    private static final int PAGE = 4096;
    private static final int DWORD = Integer.BYTES;
    private static final int LINE_BYTES = 64;
    private static final int MOST_BYTES = 4096;
    private static final int PIXEL_BYTES = 4;
    /** Some GB/s, and what a command takes whatever it copies; assumed. */
    private static final int BYTES_PER_MICROSECOND = 4096;
    private static final long COMMAND_NANOS = 1_000;

    private final DeviceContext context;
    private final RegisterFile registers;
    private final TranslationTable table;
    private final MemoryAccess memory;
    private final Timer next;
    private final byte[] command = new byte[COPY_DWORDS * DWORD];
    private final byte[] pixels = new byte[MOST_BYTES];
    private final byte[] line = new byte[LINE_BYTES];
    /** Where in the ring that line lies; -1: it is not read yet. */
    private long lineAt;
    private long number;
    private boolean hung;

    Blitter(DeviceContext context, RegisterFile registers, TranslationTable table) {
        this.context = context;
        this.registers = registers;
        this.table = table;
        memory = new MemoryAccess(context.dma());
        next = new Timer(context, this::work);
    }

    void reset() {
        next.cancel();
        hung = false;
        number = 0;
        registers.set(RING_CTL, 0);
        registers.set(RING_HEAD, 0);
        registers.set(RING_TAIL, 0);
    }

    private boolean hasWork() {
        return RING_ENABLE.isSet(registers.get(RING_CTL)) && !hung
                && context.function().busMaster()
                && (registers.get(RING_HEAD) - registers.get(RING_TAIL)) % ringBytes() != 0;
    }

    /** Goes on, if there is something to do. */
    void wake() {
        if (hasWork() && !next.isSet()) {
            next.set(COMMAND_NANOS);
        }
    }

    private void work() {
        if (!hasWork()) {
            return;
        }
        context.request(number);
        lineAt = -1;
        int moved = command();
        hung = moved < 0;
        if (hasWork()) {
            next.set(COMMAND_NANOS + moved * 1000L / BYTES_PER_MICROSECOND);
        }
    }

    /** Does the command at the head; returns the bytes that it moved, or -1 if it cannot. */
    private int command() {
        if (!fetch(0, 1)) {
            return -1;
        }
        int opcode = (int) OPCODE.of(dword(0));
        int dwords = opcode == MI_NOOP ? noops() : (int) LENGTH.of(dword(0)) + 2;
        int moved = 0;
        if (opcode == MI_FLUSH_DW && dwords == FLUSH_DWORDS && fetch(1, dwords)) {
            flush();
        } else if (opcode == XY_SRC_COPY_BLT && dwords == COPY_DWORDS && fetch(1, dwords)) {
            moved = copy();
        } else if (opcode != MI_NOOP) {
            return -1;
        }
        registers.set(RING_HEAD,
                (registers.get(RING_HEAD) + (long) dwords * DWORD) % ringBytes());
        return moved;
    }

    /** Returns how many MI_NOOPs follow each other in the line at the head. */
    private int noops() {
        long head = registers.get(RING_HEAD);
        int count = 1;
        for (long at = head + DWORD; at % LINE_BYTES != 0 && at != registers.get(RING_TAIL)
                && OPCODE.of(LittleEndian.dword(line, (int) (at % LINE_BYTES))) == MI_NOOP;
                at += DWORD) {
            count++;
        }
        return count;
    }

    private long ringBytes() {
        return (RING_PAGES.of(registers.get(RING_CTL)) + 1) * PAGE;
    }

    /**
     * Fetches dwords of the command at the head, which may go round the ring's end, by lines of 64
     * bytes.
     */
    private boolean fetch(int from, int to) {
        for (int i = from; i < to; i++) {
            long at = (registers.get(RING_HEAD) + (long) i * DWORD) % ringBytes();
            if (lineAt != (at & -LINE_BYTES)) {
                long address = table.translate(
                        START.inPlace(registers.get(RING_START)) + (at & -LINE_BYTES));
                if (address == TranslationTable.NONE
                        || !memory.read(address, line, 0, LINE_BYTES)) {
                    return false;
                }
                lineAt = at & -LINE_BYTES;
            }
            System.arraycopy(line, (int) (at & LINE_BYTES - 1), command, i * DWORD, DWORD);
        }
        return true;
    }

    private long dword(int index) {
        return LittleEndian.dword(command, index * DWORD);
    }

    /** Tells that all before it is done. */
    private void flush() {
        number++;
        if (WRITES.of(dword(0)) == 1) {
            long address = table.translate(dword(1) & -8);
            if (address != TranslationTable.NONE) {
                memory.write(address, command, 3 * DWORD, 2 * DWORD);
            }
        }
    }

    private int copy() {
        int bytes = (int) Math.min(MOST_BYTES, ((dword(3) & 0xffff) - (dword(2) & 0xffff))
                * PIXEL_BYTES);
        if (bytes <= 0) {
            return 0;
        }
        move(dword(8), bytes, false);
        move(dword(4), bytes, true);
        return bytes;
    }

    /** Reads or writes pixels, page by page. */
    private void move(long graphics, int bytes, boolean writes) {
        for (int done = 0; done < bytes;) {
            int piece = Math.min(bytes - done, PAGE - (int) (graphics + done & PAGE - 1));
            long address = table.translate(graphics + done);
            if (address == TranslationTable.NONE) {
                Arrays.fill(pixels, done, done + piece, (byte) 0);
            } else if (writes) {
                memory.write(address, pixels, done, piece);
            } else if (!memory.read(address, pixels, done, piece)) {
                Arrays.fill(pixels, done, done + piece, (byte) 0);
            }
            done += piece;
        }
    }
}
