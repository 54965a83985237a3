// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;

/**
 * The IOMMU groups of a machine: functions that a unit cannot tell apart, as a bridge gives them
 * one id, or that can reach each other without it, as no Access Control Services on the way send
 * their requests up. Computed once, from the state that the bus is in then. Exceptions for single
 * devices that are isolated without saying so (quirks) are left out. One thread.
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

    private final IntFunction<PciFunction> live;
    private final SortedMap<Integer, FunctionConfig> functions = new TreeMap<>();
    /** Of each bus the bridge that leads there; segment in 23:8. */
    private final Map<Integer, FunctionConfig> bridges = new TreeMap<>();
    private final Set<Integer> virtual = new HashSet<>();
    /** Of each function the one that its group began with. */
    private final Map<Integer, Integer> groups = new TreeMap<>();

    /**
     * Groups functions, bridges among them.
     *
     * @param all what enumeration has found: asking again might take a time-out each
     * @param live is asked whether Access Control Services are on
     */
    public DeviceGroups(List<FunctionConfig> all, IntFunction<PciFunction> live) {
        this.live = live;
        for (FunctionConfig function : all) {
            functions.put(function.requesterId(), function);
            if (function.headerType() == 1) {
                bridges.put(function.requesterId() >>> 16 << 8
                        | function.read(SECONDARY_BUS, 1), function);
            }
            VirtualFunctions layout = VirtualFunctions.of(function::read);
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

    private int group(FunctionConfig function) {
        Integer known = groups.get(function.requesterId());
        if (known == null) {
            known = find(function);
            groups.put(function.requesterId(), known);
        }
        return known;
    }

    private int find(FunctionConfig function) {
        FunctionConfig top = function;
        for (FunctionConfig b = above(function); b != null; b = above(b)) {
            if (takesOwnership(b)) {
                top = b;
            }
        }
        if (top != function) {
            return group(top);
        }
        FunctionConfig above = above(function);
        if (above != null && !isIsolated(above)) {
            return group(above);
        }
        return sibling(function);
    }

    /** Returns the group of a function of the same device that is not isolated either. */
    private int sibling(FunctionConfig function) {
        if (isOneOfMany(function) && !isEnabled(function)) {
            for (FunctionConfig other : sameDevice(function).values()) {
                if (groups.containsKey(other.requesterId()) && !isEnabled(other)) {
                    return groups.get(other.requesterId());
                }
            }
        }
        return function.requesterId();
    }

    private SortedMap<Integer, FunctionConfig> sameDevice(FunctionConfig function) {
        int first = function.requesterId() & ~7;
        return functions.subMap(first, first + 8);
    }

    private FunctionConfig above(FunctionConfig function) {
        int id = function.requesterId();
        return bridges.get(id >>> 16 << 8 | RequesterId.bus(id));
    }

    /** Returns whether every bridge from one up to the root complex isolates what is below. */
    private boolean isIsolated(FunctionConfig bridge) {
        for (FunctionConfig b = bridge; b != null; b = above(b)) {
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
    private boolean isEnabled(FunctionConfig function) {
        return switch (type(function)) {
            case CONVENTIONAL, EXPRESS_TO_PCI, PCI_TO_EXPRESS, EVENT_COLLECTOR -> false;
            case ROOT_PORT, DOWNSTREAM_PORT -> isControlled(function);
            default -> !isOneOfMany(function) || isControlled(function);
        };
    }

    private boolean isControlled(FunctionConfig function) {
        return AccessControl.isEnabled(live.apply(function.requesterId()));
    }

    private boolean isOneOfMany(FunctionConfig function) {
        return !virtual.contains(function.requesterId()) && sameDevice(function).size() > 1;
    }

    private static boolean takesOwnership(FunctionConfig bridge) {
        int type = type(bridge);
        return type == CONVENTIONAL || type == EXPRESS_TO_PCI || type == PCI_TO_EXPRESS;
    }

    /** Returns the device/port type; {@link #CONVENTIONAL} without PCI Express. */
    private static int type(FunctionConfig function) {
        int at = Capabilities.find(function::read, Capabilities.EXPRESS);
        return at <= 0 ? CONVENTIONAL : function.read(at + EXPRESS_FLAGS, 2) >>> 4 & 0xf;
    }
}
