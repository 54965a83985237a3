// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The IOMMU groups of a machine: functions that a unit cannot tell apart, as a bridge gives them
 * one id, or that can reach each other without it, as no Access Control Services on the way send
 * their requests up. Computed once, from the state that the bus is in then. Exceptions for single devices
 * that are isolated without saying so (quirks) are left out. One thread.
 *
 * <p>Source: Linux, iommu.c, pci_device_group, get_pci_function_alias_group; pci.c,
 * pci_acs_enabled, pci_acs_path_enabled.
 */
public final class DeviceGroups {

    private static final int EXPRESS_FLAGS = 2;
    private static final int SECONDARY_BUS = 0x19;
    private static final int ROOT_PORT = 4;
    private static final int DOWNSTREAM_PORT = 6;
    private static final int EXPRESS_TO_PCI = 7;
    private static final int PCI_TO_EXPRESS = 8;
    private static final int EVENT_COLLECTOR = 10;
    private static final int CONVENTIONAL = -1;

    private final SortedMap<Integer, PciFunction> functions = new TreeMap<>();
    /** Of each bus the bridge that leads there; segment in 23:8. */
    private final Map<Integer, PciFunction> bridges = new TreeMap<>();
    private final Set<Integer> virtual = new HashSet<>();
    /** Of each function the one that its group began with. */
    private final Map<Integer, Integer> groups = new TreeMap<>();

    /** Groups functions, bridges among them. */
    public DeviceGroups(List<PciFunction> all) {
        for (PciFunction function : all) {
            functions.put(function.requesterId(), function);
            if (function.headerType() == 1) {
                bridges.put(function.requesterId() >>> 16 << 8
                        | function.readConfig(SECONDARY_BUS, 1), function);
            }
            VirtualFunctions layout = VirtualFunctions.of(function::readConfig);
            for (int i = 0; layout != null && i < layout.count(); i++) {
                virtual.add(layout.requester(function.requesterId(), i));
            }
        }
        functions.values().forEach(this::group);
    }

    /** Returns the functions of one's group, itself among them. */
    public List<Integer> of(int requester) {
        Integer group = groups.get(requester);
        return group == null ? List.of(requester) : groups.entrySet().stream()
                .filter(e -> e.getValue().equals(group)).map(Map.Entry::getKey).toList();
    }

    private int group(PciFunction function) {
        Integer known = groups.get(function.requesterId());
        if (known == null) {
            known = find(function);
            groups.put(function.requesterId(), known);
        }
        return known;
    }

    private int find(PciFunction function) {
        PciFunction top = function;
        for (PciFunction b = above(function); b != null; b = above(b)) {
            if (takesOwnership(b)) {
                top = b;
            }
        }
        if (top != function) {
            return group(top);
        }
        PciFunction above = above(function);
        if (above != null && !isIsolated(above)) {
            return group(above);
        }
        return sibling(function);
    }

    /** Returns the group of a function of the same device that is not isolated either. */
    private int sibling(PciFunction function) {
        if (isOneOfMany(function) && !isEnabled(function)) {
            for (PciFunction other : sameDevice(function).values()) {
                if (groups.containsKey(other.requesterId()) && !isEnabled(other)) {
                    return groups.get(other.requesterId());
                }
            }
        }
        return function.requesterId();
    }

    private SortedMap<Integer, PciFunction> sameDevice(PciFunction function) {
        int first = function.requesterId() & ~7;
        return functions.subMap(first, first + 8);
    }

    private PciFunction above(PciFunction function) {
        int id = function.requesterId();
        return bridges.get(id >>> 16 << 8 | RequesterId.bus(id));
    }

    /** Returns whether every bridge from one up to the root complex isolates what is below. */
    private boolean isIsolated(PciFunction bridge) {
        for (PciFunction b = bridge; b != null; b = above(b)) {
            if (!isEnabled(b)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Returns whether a function cannot reach others past the unit. Ports have to say so; of others
     * only functions of one device can be reached within it.
     */
    private boolean isEnabled(PciFunction function) {
        return switch (type(function)) {
            case CONVENTIONAL, EXPRESS_TO_PCI, PCI_TO_EXPRESS, EVENT_COLLECTOR -> false;
            case ROOT_PORT, DOWNSTREAM_PORT -> AccessControl.isEnabled(function);
            default -> !isOneOfMany(function) || AccessControl.isEnabled(function);
        };
    }

    private boolean isOneOfMany(PciFunction function) {
        return !virtual.contains(function.requesterId()) && sameDevice(function).size() > 1;
    }

    private static boolean takesOwnership(PciFunction bridge) {
        int type = type(bridge);
        return type == CONVENTIONAL || type == EXPRESS_TO_PCI || type == PCI_TO_EXPRESS;
    }

    /** Returns the device/port type; {@link #CONVENTIONAL} without PCI Express. */
    private static int type(PciFunction function) {
        int at = Capabilities.find(function::readConfig, Capabilities.EXPRESS);
        return at <= 0 ? CONVENTIONAL : function.readConfig(at + EXPRESS_FLAGS, 2) >>> 4 & 0xf;
    }
}
