// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.EXPRESS_FLAGS;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_TYPE;
import static devices.pcie.fabric.ConfigLayout.TYPE_DOWNSTREAM_PORT;
import static devices.pcie.fabric.ConfigLayout.TYPE_EXPRESS_TO_PCI;
import static devices.pcie.fabric.ConfigLayout.TYPE_ROOT_PORT;
import static devices.pcie.fabric.ConfigLayout.TYPE_UPSTREAM_PORT;

import iommu.api.pcie.RequesterId;

/** What a bridge is by its PCI Express Capabilities register, and what follows for ids. */
final class PortType {

    private PortType() { }

    /** Returns the device/port type of a function that has PCI Express. */
    static int of(ConfigSpace config) {
        return (int) EXPRESS_TYPE.of(config.read(config.express() + EXPRESS_FLAGS, 2));
    }

    static boolean isRootPort(ConfigSpace config) {
        return config.express() != 0 && of(config) == TYPE_ROOT_PORT;
    }

    static boolean isPort(ConfigSpace config) {
        if (config.express() == 0) {
            return false;
        }
        int type = of(config);
        return type == TYPE_ROOT_PORT || type == TYPE_UPSTREAM_PORT
                || type == TYPE_DOWNSTREAM_PORT;
    }

    /**
     * Returns the id that a request of {@code id} carries above a bridge. Ports pass ids on; a
     * bridge from PCI Express to PCI answers with device 0 of its secondary bus, a conventional
     * bridge with its own id.
     *
     * <p>Source: PCI Express to PCI/PCI-X Bridge Specification, "Requester ID"; Linux,
     * pci_for_each_dma_alias.
     */
    static int idAbove(FabricFunction bridge, int id) {
        ConfigSpace config = bridge.config();
        if (isPort(config)) {
            return id;
        }
        return config.express() != 0 && of(config) == TYPE_EXPRESS_TO_PCI
                ? RequesterId.of(bridge.requesterId() >>> 16, bridge.secondaryBus(), 0, 0)
                : bridge.requesterId();
    }
}
