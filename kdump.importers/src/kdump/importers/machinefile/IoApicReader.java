// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.UnitDescription;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.IoApic;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import kdump.importers.ioapic.IoApicFacts;

/** Reads the I/O APICs of a machine file. Used once. */
final class IoApicReader {

    private static final Set<String> KNOWN =
            Set.of("id", "base", "firstInput", "inputs", "source", "unit", "lint0");
    private static final long USUAL_BASE = 0xfec0_0000L;
    private static final int USUAL_INPUTS = 24;
    private static final int PAGE = 4096;

    private final Node root;
    private final List<UnitDescription> units;

    /** @param units of the machine, in the order of the file */
    IoApicReader(Node root, List<UnitDescription> units) {
        this.root = root;
        this.units = units;
    }

    List<IoApic> read() throws FormatException {
        var all = new ArrayList<IoApic>();
        for (Node node : root.list("ioapics")) {
            node.only(KNOWN);
            int inputs = (int) node.number("inputs", USUAL_INPUTS, 1, IoApic.MAX_INPUTS);
            int first = (int) node.number("firstInput",
                    all.isEmpty() ? 0 : all.get(all.size() - 1).firstInput()
                            + all.get(all.size() - 1).inputs(), 0,
                    IoApicFacts.MOST_FIRST_INPUT);
            long base = node.number("base", USUAL_BASE + (long) PAGE * all.size(), PAGE,
                    MemoryReader.HIGHEST - PAGE);
            for (IoApic other : all) {
                if (IoApicFacts.meet(other, base, first, inputs)) {
                    throw node.wrong("I/O APICs apart: inputs and registers of each its own");
                }
            }
            all.add(new IoApic((int) node.number("id", all.size(), 0, 0xff), base, first, inputs,
                    source(node), (int) node.number("unit", -1, 0, units.size() - 1),
                    !node.has("lint0") || node.flag("lint0")));
        }
        return all;
    }

    private static int source(Node node) throws FormatException {
        Node source = node.required("source");
        try {
            return RequesterId.parse(source.string());
        } catch (IllegalArgumentException e) {
            throw source.wrong("the id that its messages carry, such as 0000:00:14.0");
        }
    }
}
