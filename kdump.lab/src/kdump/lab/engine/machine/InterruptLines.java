// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The wires that interrupt pins lead to, four a root bus, and which functions assert them. A wire
 * is asserted as long as one of them does. One thread.
 *
 * <p>Every bridge swizzles: INTA of device d below it is pin d modulo 4 above. That the wires of a
 * root bus are told apart in the same way, and that they are inputs 16 to 19 of the I/O APICs, or
 * 20 to 23 for the second root bus and so on, is assumed: firmware's _PRT says so of each machine.
 * Source: PCI Local Bus
 * Specification, "Interrupt Routing"; PCI-to-PCI Bridge Architecture Specification, "Interrupt
 * Support"; Linux, pci_swizzle_interrupt_pin.
 */
public final class InterruptLines {

    /** The line of a function without a pin. */
    public static final int NONE = -1;

    private static final int FIRST = 16;
    private static final int WIRES = 4;
    private static final int SECONDARY_BUS = 0x19;
    private static final int SUBORDINATE_BUS = 0x1a;
    private static final int INTERRUPT_PIN = 0x3d;

    private final List<FunctionConfig> functions;
    private final Map<Integer, Sharers> asserted = new HashMap<>();
    private final Map<Integer, Integer> known = new HashMap<>();
    private int recent = NONE;
    private int recentLine;
    /** The root buses, with their segments above. */
    private TreeSet<Integer> roots;

    /** @param functions with the bus numbers that firmware gave bridges */
    InterruptLines(List<FunctionConfig> functions) {
        this.functions = functions;
    }

    /** Returns the input of the I/O APIC that the pin of a function leads to, or {@link #NONE}. */
    public int of(int function) {
        if (function != recent) {
            recentLine = known.computeIfAbsent(function, this::line);
            recent = function;
        }
        return recentLine;
    }

    private int line(int function) {
        return functions.stream().filter(f -> f.requesterId() == function)
                .map(f -> f.u8(INTERRUPT_PIN)).filter(pin -> pin >= 1 && pin <= WIRES)
                .findFirst().map(pin -> line(function, pin)).orElse(NONE);
    }

    private int line(int function, int pin) {
        int above = bridgeTo(function);
        int swizzled = (RequesterId.device(function) + pin - 1) % WIRES;
        return above >= 0 ? line(above, swizzled + 1)
                : FIRST + WIRES * roots().headSet(function >>> 8).size() + swizzled;
    }

    private TreeSet<Integer> roots() {
        if (roots == null) {
            roots = new TreeSet<>();
            functions.stream().map(FunctionConfig::requesterId)
                    .filter(id -> bridgeTo(id) < 0).forEach(id -> roots.add(id >>> 8));
        }
        return roots;
    }

    /** Returns the bridge to the bus that a function is on; -1 if that is a root bus. */
    private int bridgeTo(int function) {
        int bus = RequesterId.bus(function);
        int closest = -1;
        int itsBus = -1;
        for (FunctionConfig bridge : functions) {
            int secondary = bridge.headerType() == 1 ? bridge.read(SECONDARY_BUS, 1) : 0;
            if (bridge.requesterId() >>> 16 == function >>> 16 && secondary > itsBus
                    && RequesterId.bus(bridge.requesterId()) < secondary
                    && secondary <= bus && bus <= bridge.read(SUBORDINATE_BUS, 1)) {
                closest = bridge.requesterId();
                itsBus = secondary;
            }
        }
        return closest;
    }

    /** The functions that assert a line now. */
    private static final class Sharers {
        private int[] functions = new int[WIRES];
        private int count;

        /** Returns the place of a function; if it asserts nothing, less than 0. */
        private int place(int function) {
            return Arrays.binarySearch(functions, 0, count, function);
        }

        private void level(int function, boolean high) {
            int place = place(function);
            if (high && place < 0) {
                if (count == functions.length) {
                    functions = Arrays.copyOf(functions, 2 * count);
                }
                System.arraycopy(functions, ~place, functions, ~place + 1, count++ - ~place);
                functions[~place] = function;
            } else if (!high && place >= 0) {
                System.arraycopy(functions, place + 1, functions, place, --count - place);
            }
        }
    }

    /** Takes the level of a function's pin. */
    void level(int function, boolean high) {
        asserted.computeIfAbsent(of(function), line -> new Sharers()).level(function, high);
    }

    /** Returns the functions that assert a line now, ascending. */
    public int[] asserting(int line) {
        Sharers sharers = asserted.get(line);
        return sharers == null ? new int[0] : Arrays.copyOf(sharers.functions, sharers.count);
    }

    /** Returns whether a function asserts its line now. */
    public boolean isAsserting(int function) {
        Sharers sharers = asserted.get(of(function));
        return sharers != null && sharers.place(function) >= 0;
    }
}
