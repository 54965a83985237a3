// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.RequesterId;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Completes what nobody told of bridges: the last bus behind one, and, from where they stand, what
 * PCI Express makes of ports and devices.
 *
 * <p>The rule, where nothing is told: a bridge on a root bus is a root port, unless its class says
 * that it subtracts, or it is known to lead to conventional PCI; a bridge with nothing but bridges
 * behind it is the upstream port of a switch, and these are its downstream ports; any other bridge
 * leads to conventional PCI. What stands behind a port is an endpoint, what stands behind a bridge
 * to PCI is conventional, and so is what stands on a root bus.
 */
final class Topology {

    private static final int SUBTRACTIVE = 0x060401;
    private static final int INTEL = 0x8086;
    private static final int RED_HAT = 0x1b36;

    private final FunctionTable table;
    private final List<String> remarks;
    private Map<Integer, FunctionFacts> bridges = Map.of();
    private int assumed;

    Topology(FunctionTable table, List<String> remarks) {
        this.table = table;
        this.remarks = remarks;
    }

    void complete() {
        giveBuses();
        List<FunctionFacts> closed = table.all().stream()
                .filter(f -> f.isBridge && f.secondary == FunctionFacts.UNTOLD).toList();
        if (!closed.isEmpty()) {
            remarks.add("No bus behind " + closed.stream()
                    .map(f -> RequesterId.format(f.requester)).limit(8)
                    .collect(Collectors.joining(", ")) + ", as nothing tells of one.");
        }
        bridges = table.bridgesByBus();
        // by requester id a bridge comes before what lies behind it
        for (FunctionFacts f : table.all()) {
            if (f.express == null) {
                f.express = f.isBridge ? bridge(f) : endpoint(f);
                f.expressAssumed = f.express != ExpressType.CONVENTIONAL;
                assumed += f.expressAssumed ? 1 : 0;
            }
        }
        if (assumed > 0) {
            remarks.add("PCI Express of " + assumed + " functions is taken from where they stand:"
                    + " ports on root buses, endpoints behind ports.");
        }
    }

    /**
     * Where bridges do not tell their buses, and there are functions on buses that no bridge leads
     * to, these buses go to those bridges in their order, as enumeration gives them.
     */
    private void giveBuses() {
        TreeSet<Integer> buses = new TreeSet<>();
        Map<Integer, FunctionFacts> known = table.bridgesByBus();
        for (FunctionFacts f : table.all()) {
            if (RequesterId.bus(f.requester) != 0 && !known.containsKey(f.requester >>> 8)) {
                buses.add(f.requester >>> 8);
            }
        }
        int given = 0;
        for (FunctionFacts f : table.all()) {
            Integer bus = f.isBridge && f.secondary == FunctionFacts.UNTOLD
                    ? buses.higher(f.requester >>> 8) : null;
            if (bus != null && bus >>> 8 == f.requester >>> 16) {
                f.buses(bus & 0xff, bus & 0xff);
                buses.remove(bus);
                given++;
            }
        }
        if (given > 0) {
            remarks.add("Buses behind " + given + " bridges are taken in the order of the bridges,"
                    + " as nothing tells of them.");
        }
    }

    private ExpressType bridge(FunctionFacts f) {
        FunctionFacts above = bridges.get(f.requester >>> 8);
        if (leadsToPci(f) || above != null && !isPort(above)) {
            return ExpressType.CONVENTIONAL;
        }
        if (above == null) {
            return ExpressType.ROOT_PORT;
        }
        if (above.express == ExpressType.UPSTREAM_PORT) {
            return ExpressType.DOWNSTREAM_PORT;
        }
        Collection<FunctionFacts> behind = table.behind(f);
        boolean switched = !behind.isEmpty() && behind.stream()
                .filter(b -> RequesterId.bus(b.requester) == f.secondary)
                .allMatch(b -> b.isBridge);
        return switched ? ExpressType.UPSTREAM_PORT : ExpressType.TO_PCI;
    }

    /** Bridges within chipsets, and QEMU's. */
    private static boolean leadsToPci(FunctionFacts f) {
        return f.classCode == SUBTRACTIVE
                || f.vendor == INTEL && (f.device == 0x244e || f.device == 0x2448)
                || f.vendor == RED_HAT && f.device == 1;
    }

    private ExpressType endpoint(FunctionFacts f) {
        FunctionFacts above = bridges.get(f.requester >>> 8);
        return above != null && isPort(above) ? ExpressType.ENDPOINT : ExpressType.CONVENTIONAL;
    }

    private static boolean isPort(FunctionFacts bridge) {
        return bridge.express != null && bridge.express.isPort();
    }
}
