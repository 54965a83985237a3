// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The wires that interrupt pins lead to, four a root bus, and which functions assert them. A wire is
 * asserted as long as one of them does. One thread.
 *
 * <p>Every bridge swizzles: INTA of device d below it is pin d modulo 4 above. That the wires of a
 * root bus are told apart in the same way, and that they are inputs 16 to 19 of the I/O APICs, or
 * 20 to 23 for the second root bus and so on, is assumed: firmware's _PRT says so of each machine.
 * Source: PCI Local Bus
 * Specification, "Interrupt Routing"; PCI-to-PCI Bridge Architecture Specification, "Interrupt
 * Support"; Linux, pci_swizzle_interrupt_pin.
 */
public final class InterruptLines {

    private static final int FIRST = 16;
    private static final int WIRES = 4;
    private static final TreeSet<Integer> NOBODY = new TreeSet<>();
    private static final int SECONDARY_BUS = 0x19;
    private static final int SUBORDINATE_BUS = 0x1a;

    private final List<FunctionConfig> functions;
    private final Map<Integer, TreeSet<Integer>> asserted = new HashMap<>();
    private final Map<Integer, Integer> known = new HashMap<>();
    /** The root buses, with their segments above. */
    private TreeSet<Integer> roots;

    /** @param functions with the bus numbers that firmware gave bridges */
    InterruptLines(List<FunctionConfig> functions) {
        this.functions = functions;
    }

    /**
     * Returns the input of the I/O APIC that a pin of a function leads to.
     *
     * @param pin 1 to 4, INTA to INTD; a function has one
     */
    public int of(int function, int pin) {
        return known.computeIfAbsent(function, f -> line(f, pin));
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

    /** Takes the level of a function's pin. */
    void level(int function, int pin, boolean high) {
        TreeSet<Integer> functions =
                asserted.computeIfAbsent(of(function, pin), line -> new TreeSet<>());
        if (high) {
            functions.add(function);
        } else {
            functions.remove(function);
        }
    }

    /** Returns the functions that assert a line now, ascending; not to be changed. */
    public Set<Integer> asserting(int line) {
        return asserted.getOrDefault(line, NOBODY);
    }

    /** Returns whether a function asserts a line now. */
    public boolean isAsserting(int function, int line) {
        return asserting(line).contains(function);
    }
}
