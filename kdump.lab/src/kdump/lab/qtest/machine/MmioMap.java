// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.Device;
import iommu.api.pcie.PciFunction;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.options.FunctionSlot;
import kdump.lab.qtest.options.FunctionSlots;

/**
 * Which device answers at an address: BAR 0 of a function whose memory decoding is on, as far as
 * it lies in a window of each bridge above whose decoding is on. Where two overlap, the one that
 * was plugged first.
 *
 * <p>A BAR of 0 covers nothing, nor does one that reaches the end of 4 GiB, which is what sizing
 * leaves for a moment. Source: PCI-to-PCI Bridge Architecture Specification, "Memory Base and
 * Memory Limit Registers"; QEMU 7.2, observed.
 */
final class MmioMap {

    private static final int COMMAND = 0x04;
    private static final int MEMORY_SPACE = 2;
    private static final int FIRST_BAR = 0x10;
    private static final int MEMORY_BASE = 0x20;
    private static final int PREFETCHABLE_BASE = 0x24;
    private static final int UPPER_BASE = 0x28;
    private static final int UPPER_LIMIT = 0x2c;
    private static final int IS_64_BIT = 1;
    private static final long WINDOW_GRAIN = 0xf_ffff;
    private static final long LAST_OF_4_GIB = 0xffff_ffffL;

    private final List<FunctionSlot> slots;
    private final List<PciFunction> functions;
    private final List<Device> devices;
    private final List<Decoded> decoded = new ArrayList<>();
    private boolean stale = true;

    /** Addresses from {@code start} to {@code last} that reach a function, whose BAR is there. */
    private record Decoded(long start, long last, long bar, PciFunction function) {

        Decoded within(long from, long to) {
            return new Decoded(Long.compareUnsigned(start, from) >= 0 ? start : from,
                    Long.compareUnsigned(last, to) <= 0 ? last : to, bar, function);
        }
    }

    /** What answers: a function, and an offset into its BAR 0. */
    record Place(PciFunction function, int offset) { }

    /**
     * Takes the functions of a machine.
     *
     * @param devices the device behind each, or null
     */
    MmioMap(List<FunctionSlot> slots, List<PciFunction> functions, List<Device> devices) {
        this.slots = slots;
        this.functions = functions;
        this.devices = devices;
    }

    /** Says that config space was written. */
    void changed() {
        stale = true;
    }

    /** Returns what answers at an address, or null. */
    Place at(long address) {
        if (stale) {
            decode();
        }
        for (int i = 0; i < decoded.size(); i++) {
            Decoded d = decoded.get(i);
            if (address >= d.start() && address <= d.last()) {
                return new Place(d.function(), (int) (address - d.bar()));
            }
        }
        return null;
    }

    private void decode() {
        decoded.clear();
        for (int i = 0; i < functions.size(); i++) {
            PciFunction function = functions.get(i);
            long bar = function.readConfig(FIRST_BAR, 4) & 0xffff_fff0L;
            if (devices.get(i) != null && bar != 0 && decodes(function)) {
                long last = bar + devices.get(i).bars().get(0).bytes() - 1;
                if (last < LAST_OF_4_GIB) {
                    through(slots.get(i).bus(), List.of(new Decoded(bar, last, bar, function)));
                }
            }
        }
        stale = false;
    }

    private static boolean decodes(PciFunction function) {
        return (function.readConfig(COMMAND, 2) & MEMORY_SPACE) != 0;
    }

    /** Adds what bridges let through of some ranges. */
    private void through(int bridge, List<Decoded> below) {
        if (bridge == FunctionSlots.BUS_0) {
            decoded.addAll(below);
            return;
        }
        PciFunction port = functions.get(bridge);
        if (!decodes(port)) {
            return;
        }
        var above = new ArrayList<Decoded>();
        for (Decoded d : below) {
            int memory = port.readConfig(MEMORY_BASE, 4);
            add(above, d.within(base(memory), limit(memory)));
            int prefetchable = port.readConfig(PREFETCHABLE_BASE, 4);
            boolean wide = (prefetchable & IS_64_BIT) != 0;
            add(above, d.within(
                    base(prefetchable) | (wide ? upper(port, UPPER_BASE) : 0),
                    limit(prefetchable) | (wide ? upper(port, UPPER_LIMIT) : 0)));
        }
        through(slots.get(bridge).bus(), above);
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
