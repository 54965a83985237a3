// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.Fabric;
import iommu.api.pcie.FabricFactory.Devices;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.PluggedFunction;
import iommu.api.pcie.Upstream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The functions of a machine whose bus numbers software gives out. A configuration access goes to
 * the bridge whose secondary bus it names, else through the one whose range it lies in.
 *
 * <p>Of bridges that share a bus the one that was plugged last answers. One thread.
 *
 * <p>Source: PCI-to-PCI Bridge Architecture Specification, "Type 1 Configuration Transactions".
 */
final class PluggedFabric implements Fabric {

    private static final int BUS_0 = -1;

    private final List<PluggedPort> functions = new ArrayList<>();
    /** Of each bus, by the index of its bridge: the functions on it by place. */
    private final Map<Integer, PluggedPort[]> buses = new HashMap<>();
    /** Of each bus: the bridges on it, the last one first. */
    private final Map<Integer, List<Integer>> bridges = new HashMap<>();

    PluggedFabric(List<PluggedFunction> plugged, Upstream upstream, Devices devices) {
        var changes = new ConfigSpace.Changes();
        for (PluggedFunction p : plugged) {
            var function = new PluggedPort(p, upstream);
            function.config().counts(changes);
            add(p, function);
        }
        functions.forEach(f -> f.device(devices.device(f, f.path())));
    }

    private void add(PluggedFunction plugged, PluggedPort function) {
        int bus = plugged.bridge();
        if (bus != BUS_0) {
            if (bus < 0 || bus >= functions.size() || functions.get(bus).headerType() != 1) {
                throw new IllegalArgumentException("bridge " + bus + " of "
                        + functions.size() + " functions so far");
            }
            function.bridge(functions.get(bus));
        }
        PluggedPort[] places = buses.computeIfAbsent(bus, b -> new PluggedPort[256]);
        if (places[plugged.place()] != null) {
            throw new IllegalArgumentException("two functions at one place of bus " + bus);
        }
        places[plugged.place()] = function;
        if (function.headerType() == 1) {
            bridges.computeIfAbsent(bus, b -> new ArrayList<>()).add(0, functions.size());
        }
        functions.add(function);
    }

    @Override
    public List<PciFunction> functions() {
        return List.copyOf(functions);
    }

    @Override
    public PciFunction function(int id) {
        int bus = busOf(id >>> 8);
        PluggedPort[] places = bus == functions.size() ? null : buses.get(bus);
        return places == null || id >>> 16 != 0 ? null : places[id & 0xff];
    }

    /**
     * Returns the index of the bridge to the bus of a number; the count of all if there is none.
     */
    private int busOf(int number) {
        int bus = number == 0 ? BUS_0 : below(BUS_0, number);
        while (bus >= 0 && bus < functions.size()
                && functions.get(bus).secondaryBus() != number) {
            bus = below(bus, number);
        }
        return bus;
    }

    /** Returns the bridge on a bus that leads to a number. */
    private int below(int bus, int number) {
        for (int bridge : bridges.getOrDefault(bus, List.of())) {
            PluggedPort port = functions.get(bridge);
            if (port.secondaryBus() == number || port.forwards(number)) {
                return bridge;
            }
        }
        return functions.size();
    }
}
