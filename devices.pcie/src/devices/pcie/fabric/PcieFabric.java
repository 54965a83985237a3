// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FabricFactory.Devices;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The functions of one machine, tied together by the bus numbers of its bridges. One thread. */
final class PcieFabric implements Fabric {

    private final SortedMap<Integer, FabricFunction> functions = new TreeMap<>();

    PcieFabric(List<FunctionConfig> captured, Upstream upstream, Devices devices) {
        var changes = new ConfigSpace.Changes();
        for (FunctionConfig config : captured) {
            var function = new FabricFunction(config, upstream);
            function.config().counts(changes);
            if (functions.put(config.requesterId(), function) != null) {
                throw new IllegalArgumentException(
                        "two functions " + RequesterId.format(config.requesterId()));
            }
        }
        for (FabricFunction function : functions.values()) {
            FabricFunction above = bridgeTo(function.requesterId());
            if (above != null) {
                function.bridge(above);
            }
        }
        functions.values().forEach(this::virtual);
        for (FabricFunction function : functions.values()) {
            function.resolveAlias();
            function.device(devices.device(function, function.path()));
        }
    }

    /** Ties those virtual functions to their physical one that are there. */
    private void virtual(FabricFunction function) {
        VirtualFunctions layout = VirtualFunctions.of(function.config()::read);
        for (int i = 0; layout != null && i < layout.count(); i++) {
            FabricFunction other = functions.get(layout.requester(function.requesterId(), i));
            if (other != null) {
                function.virtual(other, layout);
            }
        }
    }

    private FabricFunction bridgeTo(int requester) {
        for (FabricFunction candidate : functions.values()) {
            if (candidate.leadsTo(requester >>> 16, RequesterId.bus(requester))) {
                return candidate;
            }
        }
        return null;
    }

    @Override
    public List<PciFunction> functions() {
        return List.copyOf(functions.values());
    }

    @Override
    public PciFunction function(int requester) {
        return functions.get(requester);
    }
}
