// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.Bar;
import iommu.api.pcie.PciFunction;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.options.FunctionSlot;
import kdump.lab.qtest.options.FunctionSlots;
import kdump.lab.qtest.options.Hosted;

/**
 * Which device answers at an address of memory or of I/O: a BAR of a function whose decoding is on,
 * as far as it lies in a window of each bridge above whose decoding is on. Where two overlap, the
 * one that was plugged first.
 *
 * <p>A BAR of 0 covers nothing, nor does one that reaches the end of its address space, of 4 GiB
 * unless it is a wide one, which is what sizing leaves for a moment. Source: PCI-to-PCI Bridge
 * Architecture Specification, "Memory Base and Memory Limit Registers", "I/O Base and I/O Limit
 * Registers"; QEMU 7.2, observed.
 */
final class MmioMap {

    private static final int COMMAND = 0x04;
    private static final int IO_SPACE = 1;
    private static final int MEMORY_SPACE = 2;
    private static final int FIRST_BAR = 0x10;
    private static final int IO_BASE = 0x1c;
    private static final int IO_UPPER = 0x30;
    private static final int IS_32_BIT = 1;
    private static final int IO_GRAIN = 0xfff;
    private static final int MEMORY_BASE = 0x20;
    private static final int PREFETCHABLE_BASE = 0x24;
    private static final int UPPER_BASE = 0x28;
    private static final int UPPER_LIMIT = 0x2c;
    private static final int IS_64_BIT = 1;
    private static final long WINDOW_GRAIN = 0xf_ffff;
    private static final long LAST_OF_4_GIB = 0xffff_ffffL;

    private final List<FunctionSlot> slots;
    private final List<PciFunction> functions;
    private final List<Decoded> memory = new ArrayList<>();
    private final List<Decoded> ports = new ArrayList<>();
    private boolean stale = true;

    /** Addresses from {@code start} to {@code last} that reach a BAR, which begins at base. */
    private record Decoded(long start, long last, long base, Bar bar, int index) {

        Decoded within(long from, long to) {
            return new Decoded(Long.compareUnsigned(start, from) >= 0 ? start : from,
                    Long.compareUnsigned(last, to) <= 0 ? last : to, base, bar, index);
        }
    }

    /** What answers: a function, an offset into a BAR of it, and what its kind says. */
    record Place(PciFunction function, int bar, long offset, Hosted hosted) {

        /** Reads; an access that is too narrow for the device gives 0. */
        long read(int bytes) {
            return bytes < hosted.leastBytes() ? 0 : function.readRegister(bar, offset, bytes);
        }

        /** Writes; an access that is too narrow for the device goes nowhere. */
        void write(int bytes, long value) {
            if (bytes >= hosted.leastBytes()) {
                function.writeRegister(bar, offset, bytes, value);
            }
        }
    }

    /** Takes the functions of a machine. */
    MmioMap(List<FunctionSlot> slots, List<PciFunction> functions) {
        this.slots = slots;
        this.functions = functions;
    }

    /** Says that config space was written. */
    void changed() {
        stale = true;
    }

    /** Returns what answers at an address, or null. */
    Place at(long address) {
        return find(memory, address);
    }

    /** Returns what answers at a port, or null. */
    Place port(int port) {
        return find(ports, port);
    }

    private Place find(List<Decoded> decoded, long address) {
        if (stale) {
            decode();
        }
        for (int i = 0; i < decoded.size(); i++) {
            Decoded d = decoded.get(i);
            if (address >= d.start() && address <= d.last()) {
                return new Place(functions.get(d.index()), d.bar().index(), address - d.base(),
                        slots.get(d.index()).kind().hosted());
            }
        }
        return null;
    }

    private void decode() {
        memory.clear();
        ports.clear();
        for (int i = 0; i < functions.size(); i++) {
            for (Bar bar : functions.get(i).bars()) {
                if (slots.get(i).kind().hosted() != null && decodes(functions.get(i), bar.io())) {
                    decode(i, bar);
                }
            }
        }
        stale = false;
    }

    private void decode(int index, Bar bar) {
        PciFunction function = functions.get(index);
        int at = FIRST_BAR + 4 * bar.index();
        long base = function.readConfig(at, 4) & (bar.io() ? 0xffff_fffcL : 0xffff_fff0L)
                | (bar.wide() ? (long) function.readConfig(at + 4, 4) << 32 : 0);
        long last = base + bar.bytes() - 1;
        if (base != 0 && last > base && (bar.wide() || last < LAST_OF_4_GIB)) {
            through(slots.get(index).bus(), bar.io(),
                    List.of(new Decoded(base, last, base, bar, index)));
        }
    }

    private static boolean decodes(PciFunction function, boolean io) {
        return (function.readConfig(COMMAND, 2) & (io ? IO_SPACE : MEMORY_SPACE)) != 0;
    }

    /** Adds what bridges let through of some ranges. */
    private void through(int bridge, boolean io, List<Decoded> below) {
        if (bridge == FunctionSlots.BUS_0) {
            (io ? ports : memory).addAll(below);
            return;
        }
        PciFunction port = functions.get(bridge);
        if (!decodes(port, io)) {
            return;
        }
        var above = new ArrayList<Decoded>();
        for (Decoded d : below) {
            if (io) {
                add(above, d.within(ioBase(port), ioLimit(port)));
            } else {
                int window = port.readConfig(MEMORY_BASE, 4);
                add(above, d.within(base(window), limit(window)));
                int prefetchable = port.readConfig(PREFETCHABLE_BASE, 4);
                boolean wide = (prefetchable & IS_64_BIT) != 0;
                add(above, d.within(
                        base(prefetchable) | (wide ? upper(port, UPPER_BASE) : 0),
                        limit(prefetchable) | (wide ? upper(port, UPPER_LIMIT) : 0)));
            }
        }
        through(slots.get(bridge).bus(), io, above);
    }

    private static long ioBase(PciFunction port) {
        int low = port.readConfig(IO_BASE, 1);
        return (low & 0xf0) << 8 | ((low & IS_32_BIT) == 0 ? 0
                : (long) port.readConfig(IO_UPPER, 2) << 16);
    }

    private static long ioLimit(PciFunction port) {
        int low = port.readConfig(IO_BASE + 1, 1);
        return (low & 0xf0) << 8 | IO_GRAIN | ((low & IS_32_BIT) == 0 ? 0
                : (long) port.readConfig(IO_UPPER + 2, 2) << 16);
    }

    private static void add(List<Decoded> to, Decoded piece) {
        if (Long.compareUnsigned(piece.start(), piece.last()) <= 0) {
            to.add(piece);
        }
    }

    private static long base(int window) {
        return (window & 0xfff0L) << 16;
    }

    private static long limit(int window) {
        return window & 0xfff0_0000L | WINDOW_GRAIN;
    }

    private static long upper(PciFunction port, int register) {
        return (long) port.readConfig(register, 4) << 32;
    }
}
