// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.PluggedFunction;
import iommu.api.pcie.Upstream;

/**
 * A function whose bus number is what the bridge above it holds now. Source: PCI Express Base
 * Specification, "Requester ID" rules of captured bus numbers; here they change at once.
 */
final class PluggedPort extends FabricFunction {

    private final int place;
    private final boolean gates;

    PluggedPort(PluggedFunction plugged, Upstream upstream) {
        super(plugged.place(), new ConfigSpace(plugged), upstream);
        place = plugged.place();
        gates = plugged.gates();
    }

    @Override
    public int requesterId() {
        return bridge() == null ? place : bridge().secondaryBus() << 8 | place;
    }

    @Override
    public int alias() {
        int id = requesterId();
        for (FabricFunction b = bridge(); b != null; b = b.bridge()) {
            id = b.takesOwnership(id);
        }
        return id;
    }

    @Override
    boolean isClosed() {
        return gates && super.isClosed();
    }

    @Override
    boolean isHeld() {
        return gates && super.isHeld();
    }

    /** Returns whether configuration accesses to a bus go through this bridge. */
    boolean forwards(int bus) {
        return secondaryBus() <= bus && bus <= subordinateBus() && !inSecondaryReset();
    }
}
